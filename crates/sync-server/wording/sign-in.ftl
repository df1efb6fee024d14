# Signing in, and again in the middle of a form.

too-often-title = A moment, before it goes on
too-often-words = More was asked for than anybody reads. Nothing was changed. Go on in { $seconds ->
        [one] a second
       *[other] { $seconds } seconds
    }.

kept-ended = Your session had ended
kept-nothing-lost = What you had written is not lost. Sign in, and it comes back as you left it.
kept-title = You are signed in again
kept-words = What you had written is kept. Nothing of it has been recorded yet.
kept-button = Go back to what I had written

account-your-account = Your account
account-codes-left = Recovery codes left: { $count }.
account-code-asked = A code from your authenticator app is asked for when you sign in.
account-code-off = With a code from an authenticator app, your password alone opens nothing.
account-key = Key: { $key }
account-wrong-code = This code is not right, or was used already: wait for the next one
sign-in-title = Sign in
sign-in-show-password = Show password

account-codes-at-signin = Codes at sign-in
account-on = On
account-make-new-recovery-codes = Make new recovery codes
account-switch-codes-off = Switch codes off
account-off = Off
account-set-up-codes = Set up codes
account-your-recovery-codes-shown = Your recovery codes, shown only now. Each works once in place of a code. Keep them apart from your phone and your password.
account-scan-picture-with-your = Scan the picture with your authenticator app, or type the key into it.
account-switch-codes-on = Switch codes on
account-code-from-app = Code from the app
account-one = This one
account-another = Another
account-where-you-are-signed = Where you are signed in
account-since = Since
account-last-used = Last used
account-which = Which
account-end-all-but-one = End all but this one

sign-in-page-was-open-for = This page was open for too long. Try again
sign-in-no-account-or-forgotten = No account, or a forgotten password? Ask whoever runs the service in your organisation.
sign-in-username = Username
sign-in-password = Password
sign-in-show = Show
sign-in-code = Code
sign-in-from-your-authenticator-app = From your authenticator app, or a recovery code. Leave it empty if you have set up none

password-title = Your password
password-first-title = Choose your own password
password-first-words = The password that you signed in with was set for you. Choose one of your own; then you can go on.
password-now = Password now
password-new = New password
password-new-hint = At least { $count } characters. Several words that have nothing to do with each other are easy to keep in mind. Your own name, the organisation’s and common passwords are not taken.
password-change = Change the password
password-code-hint = From your authenticator app, or a recovery code
password-changed = Your password is changed. You are signed out everywhere else.
password-wrong = This is not your password, or the code is not right. After several tries, wait a few minutes
password-same = Choose another password than the one you have now
password-weak-short = Use at least { $count } characters
password-weak-long = Use at most { $count } characters
password-weak-login = Leave your username out of the password
password-weak-common = This password is among those that are tried first. Take several words that have nothing to do with each other
account-codes-short = Your recovery codes are of an older, shorter kind. They still work; make new ones when you can.
