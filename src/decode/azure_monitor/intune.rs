//! Intune's logs: what administrators changed, what devices did, and what devices there are.
//!
//! In: the record's fields. Out: an event without a place: a scale unit is where the tenant is.
//! It does not know which device or whose, only which kinds of data the row has.

use std::borrow::Cow;
use std::mem::take;

use super::record::Record;
use super::{Origin, begin, moment, plain_id, tenant};
use crate::code::{Code, Unreadable};
use crate::decode::json::Presence;
use crate::event::{Event, EventId, ServiceName};

/// Which of the logs, by the record's category.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Log {
    Audit,
    Operational,
    Devices,
}

pub(super) fn read<'a>(
    mut record: Record<'a>,
    origin: &Origin<'a>,
    log: Log,
) -> Result<Event<'a>, Unreadable> {
    let tenant = tenant(&mut record, origin)?;
    let time = moment(&mut record, None)?;
    let service = ServiceName::Named(Cow::Borrowed("intune"));
    let mut event = begin(&mut record, service, tenant, time)?;
    match log {
        Log::Audit => {
            let id = take(&mut record.properties.audit_event_id);
            event.id = plain_id(&mut record, id, "properties.AuditEventId")?;
            let path = "properties.Targets";
            let targets = take(&mut record.properties.intune_targets).required_type(path)?;
            if targets.wrong {
                return Err(Unreadable::at(Code::WrongType, path));
            }
            event.hints = targets.names;
        }
        Log::Operational => {
            let id = take(&mut record.properties.message_id);
            event.id = id.required_type("properties.MessageId")?.map(EventId::Plain);
            event.data_categories.push(Cow::Borrowed("device_account"));
            let properties = &record.properties;
            // A device that nobody enrolled has a user id of zeros.
            let user = properties.intune_user;
            if properties.user_name.is_there("properties.UserName")?
                || properties.upn.is_there("properties.UPN")?
                || (user.is_there("properties.IntuneUserId")? && user != Presence::Zeros)
            {
                event.data_categories.push(Cow::Borrowed("user_account.other"));
            }
        }
        Log::Devices => {
            event.data_categories.push(Cow::Borrowed("device_account"));
            let properties = &record.properties;
            if properties.upn.is_there("properties.UPN")?
                || properties.user_name.is_there("properties.UserName")?
                || properties.device_user_id.is_there("properties.UserId")?
            {
                event.data_categories.push(Cow::Borrowed("user_account.other"));
            }
            if properties.user_email.is_there("properties.UserEmail")? {
                event.data_categories.push(Cow::Borrowed("user_account.email_address"));
            }
            if properties.phone_number.is_there("properties.PhoneNumber")? {
                event.data_categories.push(Cow::Borrowed("user_account.phone_number"));
            }
        }
    }
    Ok(event)
}
