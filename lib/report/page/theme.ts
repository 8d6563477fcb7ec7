/** Colours as the reader chose them. */
export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'prescale-report-theme';
/** Which media have the dark rules: print never has. */
const MEDIA: Readonly<Record<Theme, string>> = {
  auto: 'screen and (prefers-color-scheme: dark)',
  light: 'not all',
  dark: 'screen',
};

/** The rules for a dark scheme, wherever they stand in the style of the page. */
function darkRules(): CSSMediaRule[] {
  return [...document.styleSheets]
    .flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule instanceof CSSMediaRule)
    .filter(({ conditionText }) => conditionText.includes('prefers-color-scheme'));
}

/** Offers the themes; the choice is kept where the browser keeps anything for the page, which it may not for a file. */
export function setUpTheme(): void {
  const rules = darkRules();
  const apply = (theme: Theme): void => {
    document.documentElement.dataset.theme = theme;
    for (const { media } of rules) media.mediaText = MEDIA[theme];
  };
  const inputs = [...document.querySelectorAll<HTMLInputElement>('input[name=theme]')];
  for (const input of inputs) {
    input.addEventListener('change', () => {
      apply(input.value as Theme);
      try {
        localStorage.setItem(KEY, input.value);
      } catch {
        // Chosen for this visit alone.
      }
    });
  }
  let kept: string | null = null;
  try {
    kept = localStorage.getItem(KEY);
  } catch {
    // As if nothing had been chosen.
  }
  const chosen = inputs.find(({ value }) => value === kept) ?? inputs[0]!;
  chosen.checked = true;
  apply(chosen.value as Theme);
}
