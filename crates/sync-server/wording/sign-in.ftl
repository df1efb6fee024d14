# Signing in again in the middle of a form.

kept-ended = Your session had ended
kept-nothing-lost = What you had written is not lost. Sign in, and it comes back as you left it.
kept-title = You are signed in again
kept-words = What you had written is kept. Nothing of it has been recorded yet.
kept-button = Go back to what I had written
