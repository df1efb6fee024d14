//! Who is who, on SQLite.

use chrono::{DateTime, Utc};
use doorstep_core::access::{Thing, Tie};
use doorstep_core::ids::{ChildId, PersonId};
use doorstep_core::policy::PolicyDocument;
use doorstep_core::seal::Digest;
use rusqlite::{Row, named_params, params};
use uuid::Uuid;

use super::SqliteTx;
use super::values::{
    hash, instant, instant_option, json, ms, ms_option, number, parsed, parsed_option, signed,
    text_option, to_json,
};
use crate::store::StoreError;
use crate::store::availability::Availability as _;
use crate::store::directory::{
    Allocation, Child, ChildLog, Directory, Organisation, People, Person, Team,
};

const PERSON: &str = "SELECT id, external, name, role, also, administrator, auditor, team, email, \
                      phone, line_manager, left_ms FROM person";
const CHILD: &str = "SELECT id, external, name, born, address, address_protected, phone, record, \
                     team FROM child";
const ALLOCATION: &str = "SELECT child, person, role, from_ms, until_ms FROM allocation";

fn team(row: &Row<'_>) -> rusqlite::Result<Team> {
    Ok(Team {
        id: parsed(row, "id")?,
        external: row.get("external")?,
        name: row.get("name")?,
        phone: row.get("phone")?,
    })
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        id: parsed(row, "id")?,
        external: row.get("external")?,
        name: row.get("name")?,
        role: parsed(row, "role")?,
        also: json(row, "also")?,
        administrator: row.get("administrator")?,
        auditor: row.get("auditor")?,
        team: parsed_option(row, "team")?,
        email: row.get("email")?,
        phone: row.get("phone")?,
        line_manager: parsed_option(row, "line_manager")?,
        left: instant_option(row, "left_ms")?,
    })
}

fn child(row: &Row<'_>) -> rusqlite::Result<Child> {
    Ok(Child {
        id: parsed(row, "id")?,
        external: row.get("external")?,
        name: row.get("name")?,
        born: parsed_option(row, "born")?,
        address: row.get("address")?,
        address_protected: row.get("address_protected")?,
        phone: row.get("phone")?,
        record: json(row, "record")?,
        team: parsed_option(row, "team")?,
    })
}

fn allocation(row: &Row<'_>) -> rusqlite::Result<Allocation> {
    Ok(Allocation {
        child: parsed(row, "child")?,
        person: parsed(row, "person")?,
        role: parsed(row, "role")?,
        from: instant(row, "from_ms")?,
        until: instant_option(row, "until_ms")?,
    })
}

impl SqliteTx<'_> {
    pub(super) fn directory_changed(&self) -> Result<(), StoreError> {
        let sql = "UPDATE organisation SET directory = directory + 1";
        self.execute("count a change of the directory", sql, []).map(drop)
    }
}

impl SqliteTx<'_> {
    /// The children that are allocated to a person, and those of the team that the person sees.
    fn own_caseload(
        &self,
        person: &Person,
        now: DateTime<Utc>,
    ) -> Result<Vec<ChildId>, StoreError> {
        if !person.seats().opens_by(Thing::Held, Tie::Allocated) {
            return Ok(Vec::new());
        }
        let whole_team = person.team.filter(|_| person.sees_team());
        let sql = "SELECT child AS id FROM allocation WHERE person = ?1 AND from_ms <= ?2 \
                   AND (until_ms IS NULL OR until_ms > ?2) \
                   UNION SELECT id FROM child WHERE team = ?3 ORDER BY 1";
        let team = text_option(whole_team.as_ref());
        let params = params![person.id.to_string(), ms(now), team];
        self.all("list a caseload", sql, params, |row| parsed(row, "id"))
    }
}

impl Directory for SqliteTx<'_> {
    fn organisation(&self) -> Result<Option<Organisation>, StoreError> {
        let sql = "SELECT id, name, log_epoch, head, backed_up_to, directory, policy, \
                   policy_revision FROM organisation";
        self.one("read the organisation", sql, [], |row| {
            Ok(Organisation {
                id: parsed(row, "id")?,
                name: row.get("name")?,
                log_epoch: row.get("log_epoch")?,
                head: number(row, "head")?,
                backed_up_to: number(row, "backed_up_to")?,
                directory: number(row, "directory")?,
                policy: json(row, "policy")?,
                policy_revision: number(row, "policy_revision")?,
            })
        })
    }

    fn put_organisation(&mut self, id: Uuid, name: &str) -> Result<(), StoreError> {
        let sql = "INSERT INTO organisation (only_row, id, name) VALUES (1, ?1, ?2) \
                   ON CONFLICT (only_row) DO UPDATE SET name = excluded.name, \
                   directory = directory + 1";
        self.execute("write the organisation", sql, params![id.to_string(), name]).map(drop)
    }

    fn put_policy(&mut self, document: &PolicyDocument) -> Result<(), StoreError> {
        let sql = "UPDATE organisation SET policy = ?1, policy_revision = policy_revision + 1";
        self.execute("write the policy", sql, [to_json(document)]).map(drop)
    }

    fn put_backed_up_to(&mut self, position: u64) -> Result<(), StoreError> {
        let sql = "UPDATE organisation SET backed_up_to = max(backed_up_to, min(?1, head))";
        self.execute("record a backup", sql, [signed(position)]).map(drop)
    }

    fn teams(&self) -> Result<Vec<Team>, StoreError> {
        let sql = "SELECT id, external, name, phone FROM team ORDER BY name, id";
        self.all("list the teams", sql, [], team)
    }

    fn put_team(&mut self, team: &Team) -> Result<(), StoreError> {
        let sql = "INSERT INTO team (id, external, name, phone) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (id) DO UPDATE SET external = excluded.external, \
                   name = excluded.name, phone = excluded.phone";
        let params = params![team.id.to_string(), team.external, team.name, team.phone];
        self.execute("write a team", sql, params)?;
        self.directory_changed()
    }

    fn person(&self, id: PersonId) -> Result<Option<Person>, StoreError> {
        self.one("read a person", &format!("{PERSON} WHERE id = ?1"), [id.to_string()], person)
    }

    fn person_called(&self, external: &str) -> Result<Option<Person>, StoreError> {
        self.one("read a person", &format!("{PERSON} WHERE external = ?1"), [external], person)
    }

    fn people(&self, which: People) -> Result<Vec<Person>, StoreError> {
        let (filter, team) = match which {
            People::All => ("?1 IS NULL", None),
            People::Team(id) => ("team = ?1", Some(id.to_string())),
            People::Administrators => {
                ("?1 IS NULL AND administrator = 1 AND external NOT LIKE 'doorstep:%'", None)
            }
        };
        let sql = format!("{PERSON} WHERE {filter} ORDER BY name, id");
        self.all("list people", &sql, [team], person)
    }

    fn put_person(&mut self, person: &Person) -> Result<(), StoreError> {
        let sql = "INSERT INTO person (id, external, name, role, also, administrator, \
                   auditor, team, email, phone, line_manager, left_ms) VALUES (:id, \
                   :external, :name, :role, :also, :administrator, :auditor, :team, :email, \
                   :phone, :line_manager, :left) \
                   ON CONFLICT (id) DO UPDATE SET external = excluded.external, \
                   name = excluded.name, role = excluded.role, also = excluded.also, \
                   administrator = excluded.administrator, auditor = excluded.auditor, \
                   team = excluded.team, email = excluded.email, phone = excluded.phone, \
                   line_manager = excluded.line_manager, left_ms = excluded.left_ms";
        let params = named_params! {
            ":id": person.id.to_string(),
            ":external": person.external,
            ":name": person.name,
            ":role": person.role.as_str(),
            ":also": to_json(&person.also),
            ":administrator": person.administrator,
            ":auditor": person.auditor,
            ":team": text_option(person.team.as_ref()),
            ":email": person.email,
            ":phone": person.phone,
            ":line_manager": text_option(person.line_manager.as_ref()),
            ":left": ms_option(person.left),
        };
        self.execute("write a person", sql, params)?;
        self.directory_changed()
    }

    fn child(&self, id: ChildId) -> Result<Option<Child>, StoreError> {
        self.one("read a child", &format!("{CHILD} WHERE id = ?1"), [id.to_string()], child)
    }

    fn child_called(&self, external: &str) -> Result<Option<Child>, StoreError> {
        self.one("read a child", &format!("{CHILD} WHERE external = ?1"), [external], child)
    }

    fn children(&self) -> Result<Vec<Child>, StoreError> {
        self.all("list children", &format!("{CHILD} ORDER BY name, id"), [], child)
    }

    fn put_child(&mut self, child: &Child) -> Result<(), StoreError> {
        let sql = "INSERT INTO child (id, external, name, born, address, address_protected, \
                   phone, record, team) VALUES (:id, :external, :name, :born, :address, \
                   :address_protected, :phone, :record, :team) \
                   ON CONFLICT (id) DO UPDATE SET external = excluded.external, \
                   name = excluded.name, born = excluded.born, address = excluded.address, \
                   address_protected = excluded.address_protected, phone = excluded.phone, \
                   record = excluded.record, team = excluded.team";
        let params = named_params! {
            ":id": child.id.to_string(),
            ":external": child.external,
            ":name": child.name,
            ":born": text_option(child.born.as_ref()),
            ":address": child.address,
            ":address_protected": child.address_protected,
            ":phone": child.phone,
            ":record": to_json(&child.record),
            ":team": text_option(child.team.as_ref()),
        };
        self.execute("write a child", sql, params)?;
        self.directory_changed()
    }

    fn child_log(&self, id: ChildId) -> Result<ChildLog, StoreError> {
        let sql = "SELECT event_count, event_sum, last_position FROM child WHERE id = ?1";
        let log = self.one("read a child's digest", sql, [id.to_string()], |row| {
            Ok(ChildLog {
                digest: Digest { count: number(row, "event_count")?, sum: hash(row, "event_sum")? },
                last_position: number(row, "last_position")?,
            })
        })?;
        Ok(log.unwrap_or(ChildLog { digest: Digest::EMPTY, last_position: 0 }))
    }

    fn allocations(&self, child: ChildId) -> Result<Vec<Allocation>, StoreError> {
        let sql = format!("{ALLOCATION} WHERE child = ?1 ORDER BY from_ms, person, role");
        self.all("list a child's allocations", &sql, [child.to_string()], allocation)
    }

    fn allocations_of(&self, person: PersonId) -> Result<Vec<Allocation>, StoreError> {
        let sql = format!("{ALLOCATION} WHERE person = ?1 ORDER BY from_ms, child, role");
        self.all("list a person's allocations", &sql, [person.to_string()], allocation)
    }

    fn put_allocation(&mut self, allocation: &Allocation) -> Result<(), StoreError> {
        let sql = "INSERT INTO allocation (child, person, role, from_ms, until_ms) \
                   VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (child, person, role, from_ms) \
                   DO UPDATE SET until_ms = excluded.until_ms";
        let params = params![
            allocation.child.to_string(),
            allocation.person.to_string(),
            allocation.role.as_str(),
            ms(allocation.from),
            ms_option(allocation.until),
        ];
        self.execute("write an allocation", sql, params)?;
        self.directory_changed()
    }

    fn caseload(&self, id: PersonId, now: DateTime<Utc>) -> Result<Vec<ChildId>, StoreError> {
        let Some(person) = self.person(id)?.filter(|person| person.is_active(now)) else {
            return Ok(Vec::new());
        };
        let seats = person.seats();
        let mut children = self.own_caseload(&person, now)?;
        for absence in self.covers_of(id)?.into_iter().filter(|absence| absence.holds_at(now)) {
            let absent = self.person(absence.person)?.filter(|absent| absent.is_active(now));
            let lends = seats.opens_by(Thing::Held, Tie::Cover);
            if let Some(absent) = absent.filter(|_| lends) {
                children.extend(self.own_caseload(&absent, now)?);
            }
        }
        children.sort_unstable_by_key(ToString::to_string);
        children.dedup();
        Ok(children)
    }
}
