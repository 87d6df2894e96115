//! CAP 1.2 messages as XML: elements in the schema's order, words escaped, characters that XML cannot hold taken out.

use crate::domain::alarm::cap::{Info, Message};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// The namespace of CAP 1.2.
pub const NAMESPACE: &str = "urn:oasis:names:tc:emergency:cap:1.2";

type Xml = Writer<Vec<u8>>;

/// A message as the bytes of its file.
///
/// # Errors
/// None that memory does not give.
pub fn to_xml(message: &Message) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(BytesStart::new("alert").with_attributes([("xmlns", NAMESPACE)])))?;
    leaf(&mut xml, "identifier", &message.identifier)?;
    leaf(&mut xml, "sender", &message.sender)?;
    leaf(&mut xml, "sent", &message.sent)?;
    leaf(&mut xml, "status", message.status)?;
    leaf(&mut xml, "msgType", message.kind.as_str())?;
    leaf(&mut xml, "scope", "Restricted")?;
    leaf(&mut xml, "restriction", &message.restriction)?;
    if let Some(note) = &message.note {
        leaf(&mut xml, "note", note)?;
    }
    if !message.references.is_empty() {
        leaf(&mut xml, "references", &message.references.join(" "))?;
    }
    for info in &message.info {
        write_info(&mut xml, info)?;
    }
    xml.write_event(Event::End(BytesEnd::new("alert")))?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn write_info(xml: &mut Xml, info: &Info) -> io::Result<()> {
    xml.write_event(Event::Start(BytesStart::new("info")))?;
    leaf(xml, "language", info.language)?;
    leaf(xml, "category", info.category)?;
    leaf(xml, "event", &info.event)?;
    leaf(xml, "responseType", info.response)?;
    leaf(xml, "urgency", info.urgency)?;
    leaf(xml, "severity", info.severity)?;
    leaf(xml, "certainty", info.certainty)?;
    if let Some(name) = &info.sender_name {
        leaf(xml, "senderName", name)?;
    }
    leaf(xml, "headline", &info.headline)?;
    leaf(xml, "instruction", &info.instruction)?;
    if let Some(area) = &info.area {
        xml.write_event(Event::Start(BytesStart::new("area")))?;
        leaf(xml, "areaDesc", &area.words)?;
        leaf(xml, "circle", &area.circle)?;
        xml.write_event(Event::End(BytesEnd::new("area")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("info")))
}

fn leaf(xml: &mut Xml, name: &str, words: &str) -> io::Result<()> {
    let held = |char: &char| !char.is_control() && !matches!(char, '\u{fffe}' | '\u{ffff}');
    let words: String = words.chars().map(|char| if char == '\n' { ' ' } else { char }).filter(held).collect();
    xml.create_element(name).write_text_content(BytesText::new(&words)).map(|_| ())
}
