//! Risks that Entra saw: users and applications at risk, and the sign-ins that made them so.
//!
//! In: the record's fields. Out: an event whose place is a region for users at risk, and none
//! for risky sign-ins: one field name, two meanings. It does not know what the risk was.

use std::borrow::Cow;
use std::mem::take;

use super::record::Record;
use super::{Origin, begin, moment, note_collaboration, plain_id, region, tenant};
use crate::code::Unreadable;
use crate::event::{Event, EventId, ServiceName};

/// Who or what is at risk, by the record's category.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    Person,
    PersonsSignIn,
    Application,
}

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
    about: About,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let time = moment(&mut record, None)?;
    let service = ServiceName::Named(Cow::Borrowed("entra.other"));
    let mut event = begin(&mut record, service, tenant, time)?;
    note_collaboration(&mut event, &mut record)?;
    let id = take(&mut record.properties.id);
    event.id = plain_id(&mut record, id, "properties.id")?;
    let location = take(&mut record.location);
    if about == About::Person {
        // The record of a user at risk has the user's own id, as its correlation id too.
        event.id = event.id.map(|id| match id {
            EventId::Plain(id) | EventId::Personal(id) => EventId::Personal(id),
        });
        match region(location, "location")? {
            // Two letters are never a region here, but the country that a user was in.
            Some(place) if place.text().len() == 2 => {
                event.access_location = Some(place.text().to_owned().into());
            }
            place => event.processing_location = place,
        }
    } else {
        event.access_location = location.or_value("location")?;
    }
    event.data_categories.push(Cow::Borrowed(match about {
        About::Person | About::PersonsSignIn => "user_account.other",
        About::Application => "service_configuration.application",
    }));
    event.data_categories.push(Cow::Borrowed("usage"));
    Ok(event)
}
