# The policies in force.

policy-version = { $title }, version { $version }
policy-in-force = Version { $version }, in force since { $since }.
policy-takes-effect = Version { $version } takes effect on { $on }.
policy-added = { $clause }: added
policy-gone = { $clause }: no longer there
policy-changes = What version { $version } changed ({ $count })
policy-no-limit = no limit
policy-limit = limit { $new } instead of { $old }
policy-urgency = urgency { $urgency }
policy-now = now { $modality }
policy-owed-by = owed by the { $role }
policy-tell = others are told
policy-numbers = other numbers
policy-words = other words

policy-policies = Policies
policy-what-doorstep-goes-by = What Doorstep goes by. A record is judged by the version in force on the day on which it happened. Software says what a policy asks for; people decide.
policy-clause = Clause
policy-what-says = What it says
policy-whose = Whose
policy-limit-2 = Limit
