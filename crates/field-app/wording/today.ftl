# Today.

today-title = Today
today-nothing = Nothing is planned or owed.
