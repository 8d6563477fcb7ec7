"""A local AWS account for the tests that deploy: a moto server, and what moto lacks of the behaviour that this project stands on.

`python -m account.server` starts it; `README.md` beside this package says what it imitates and what it cannot prove.
"""
