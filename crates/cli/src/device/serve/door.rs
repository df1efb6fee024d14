//! The door of a laptop: its clock and chance, its folder, its network.

use std::sync::mpsc::Sender;

use doorstep_core::time::ClockReading;
use doorstep_core::wire::SyncResponse;
use doorstep_device_store::Store;
use doorstep_field_app::{
    Answer, App, Door, Enrol, Link, Place, Request, Surroundings, Trouble, Work,
};

use super::super::attachments::send_one;
use super::super::client::Client;
use super::super::exchange::{APP, enrol, hand_in};
use super::super::folder::Folder;
use crate::ambient;
use crate::failure::{Failure, OrFail as _, Outcome};

/// Clock and chance of this machine.
pub struct Laptop;

impl Door for Laptop {
    fn clock(&self) -> ClockReading {
        ambient::clock()
    }

    fn entropy(&self) -> [u8; 32] {
        ambient::random()
    }

    fn surroundings(&self) -> Surroundings {
        Surroundings {
            app: APP.to_owned(),
            link: Link::Unknown,
            notices: Vec::new(),
            settles_at: None,
            asks_server: true,
        }
    }
}

/// What the thread of the exchange is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Post {
    /// A person asked.
    Now,
    /// Something may be due.
    Soon,
    /// The pages are closing.
    Stop,
}

/// The pages and the folder that they stand on.
pub struct Served {
    /// The pages.
    pub app: App,
    /// The folder.
    pub folder: Folder,
}

impl Served {
    /// Does what a request asks of the door; nothing where a page answers it.
    pub fn work(&self, request: &Request, wake: &Sender<Post>) -> Option<Answer> {
        Some(match self.app.work(request) {
            Work::Page => return None,
            Work::Answered(answer) => answer,
            Work::FirstUse(form) => match self.folder.init(&form.passphrase) {
                Ok(store) => self.enrol(store, &form.enrol, request, wake),
                Err(failure) => self.app.refused(request, &trouble(Place::Form, &failure)),
            },
            Work::Enrol(form) => match self.app.take_store() {
                Some(store) => self.enrol(store, &form, request, wake),
                None => self.app.go("/"),
            },
            Work::Unlock(passphrase) => match self.folder.open(&passphrase) {
                Ok(store) => {
                    self.app.opened(store);
                    self.app.go_on(request)
                }
                Err(failure) => self.app.refused(request, &trouble(Place::Passphrase, &failure)),
            },
            Work::Lock => {
                self.app.lock();
                self.app.go("/unlock")
            }
            Work::Sync => {
                let _ = wake.send(Post::Now);
                self.app.go("/sync")
            }
        })
    }

    /// Enrols a store, which is the pages' whatever becomes of it.
    fn enrol(
        &self,
        mut store: Store,
        form: &Enrol,
        request: &Request,
        wake: &Sender<Post>,
    ) -> Answer {
        let server = form.server.clone().unwrap_or_default();
        let enrolled = enrol(&mut store, &self.folder, &server, &form.code, &form.device_name);
        self.app.opened(store);
        match enrolled {
            Ok(_) => {
                let _ = wake.send(Post::Now);
                self.app.go("/")
            }
            Err(failure) => {
                let place = match &failure {
                    Failure::Misused(_) => Place::Server,
                    _ => Place::Code,
                };
                let again = Request { target: "/enrol".to_owned(), ..request.clone() };
                self.app.refused(&again, &trouble(place, &failure))
            }
        }
    }

    /// One exchange with the server, to its end.
    pub fn exchange(&self, asked: bool) {
        let Some(server) = self.folder.server() else { return };
        let Some(token) = self.app.token() else {
            // Locked: what is unsent is handed in sealed. Without a network it is tried again.
            let _ = self.hand_in(&server);
            return;
        };
        let Ok(client) = Client::new(&server) else { return };
        if asked && self.app.sync_begins(true).is_err() {
            return;
        }
        while let Ok(Some(request)) = self.app.next_request() {
            match client.post::<SyncResponse>("/v1/sync", Some(&token), &request) {
                Ok(answer) => {
                    if self.app.answered(&answer).is_err() {
                        break;
                    }
                }
                Err(error) => {
                    self.app.unanswered(&error.to_string(), error.retry_after());
                    break;
                }
            }
        }
        self.send_attachments(&client, &token);
        self.app.sync_ends();
    }

    fn hand_in(&self, server: &str) -> Outcome {
        if self.folder.is_there() {
            let porch = self.folder.porch()?;
            if porch.copies().or_no("cannot look at the device")? > 0 {
                hand_in(&porch, server)?;
            }
        }
        Ok(())
    }

    /// Sends the files that records name; there is none to send while a record waits.
    fn send_attachments(&self, client: &Client, token: &str) {
        while let Ok(Some(request)) = self.app.next_attachment() {
            let goes_on = match send_one(client, token, &request) {
                Some(Ok(state)) => self.app.attachment_answered(&request, &state).is_ok(),
                Some(Err(error)) => {
                    let (problem, later) = (error.problem(), error.retry_after());
                    let noted = self.app.attachment_unanswered(&request, problem, later);
                    noted.is_ok_and(|goes_on| goes_on)
                }
                None => false,
            };
            if !goes_on {
                return;
            }
        }
    }
}

fn trouble(place: Place, failure: &Failure) -> Trouble {
    let words = failure.sentence().map(str::to_owned).unwrap_or_default();
    Trouble { place, words }
}
