//! Provisioning: copies of users and groups that go to other systems.
//!
//! In: the record's fields. Out: an event with the kind of object that was copied and the names
//! of the properties that changed. It does not know where the copy went: the log names a
//! product, not a place.

use std::borrow::Cow;
use std::mem::take;

use super::record::Record;
use super::{Origin, begin, expect, moment, plain_id, tenant};
use crate::code::Unreadable;
use crate::event::{Event, ServiceName};

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let own = take(&mut record.properties.activity_time);
    let time = moment(&mut record, Some((own, "properties.activityDateTime")))?;
    let service = ServiceName::Named(Cow::Borrowed("entra.sync-fabric"));
    let mut event = begin(&mut record, service, tenant, time)?;
    let id = take(&mut record.properties.id);
    event.id = plain_id(&mut record, id, "properties.id")?;
    expect(record.properties.source.shape, "properties.sourceIdentity")?;
    let kind = take(&mut record.properties.source.kind);
    let kind = kind.required_type("properties.sourceIdentity.identityType")?;
    let is = |name| kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case(name));
    if is("User") {
        event.data_categories.push(Cow::Borrowed("user_account.other"));
    } else if is("Group") {
        event.data_categories.push(Cow::Borrowed("service_configuration.group"));
    }
    let modified = take(&mut record.properties.modified);
    event.hints = modified.required_type("properties.modifiedProperties")?.0;
    Ok(event)
}
