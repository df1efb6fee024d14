# What every page shares.

limit-was-due = was due by { $when }
limit-due = due by { $when }
page-of = Page { $page } of { $pages }
page-pages = Pages
page-previous = Previous
page-next = Next
page-page = page
page-product = Doorstep
page-back = Back
page-console = Console
page-set-up = Set-up
page-inbox = Inbox
page-team = Team
page-quarantine = Set aside
page-devices = Devices
page-numbers = Numbers
page-notices = Notices
page-access = Who looked
page-policy = Policies
page-error = Error: { $title }
page-somebody-unknown = somebody unknown
page-child-unknown = a child unknown

page-skip-main-content = Skip to main content
page-sign-out = Sign out
page-failed-contact-does-not = A failed contact does not by itself mean that a child is at risk. Times are in UK local time. Every record that you open is written to the access log.

page-nothing-left-do = Nothing left to do
page-no-time-limit = No time limit
page-open-until-done = open until it is done
page-there-problem = There is a problem
page-done = Done
form-error = Error:
form-day = Day
form-month = Month
form-year = Year
problem-ask = If you need it for your work, ask your manager.
page-back-to-inbox = Back to the inbox

problem-page-not-found = Page not found
problem-there-nothing-here-you = There is nothing here that you can open. The address may be wrong, or the record may not be one of yours.
problem-try-again = Try that again
problem-page-you-came-from = The page that you came from belongs to an earlier sign-in. Nothing was changed. Go back, reload the page and try again.
problem-there-problem = There is a problem
problem-page-could-not-be = The page could not be made. Nothing that was recorded is lost. Try again in a minute; if it stays, tell whoever runs the service.
problem-go-inbox = Go to the inbox
