//! The few calls of GSS-API (RFC 2744) that open a ticket, declared by hand: docs/decisions/0039 says why.
//!
//! Nothing is kept from one ticket to the next: a keytab that was exchanged is the one that the next is opened with.

use super::NotOpened;
use crate::config::Kerberos;
use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};

/// 1.2.840.113554.1.2.2: Kerberos.
const KERBEROS: Oid = Oid::of(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02]);

/// 1.2.840.113554.1.2.2.1: a principal as it is written, of which nothing is looked up in DNS.
const PRINCIPAL: Oid = Oid::of(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02, 0x01]);

/// GSS_S_COMPLETE: any other bit is a fault, another round or a doubt.
const COMPLETE: u32 = 0;

/// GSS_C_INDEFINITE
const FOR_EVER: u32 = u32::MAX;

/// GSS_C_ACCEPT
const ACCEPT: c_int = 2;

/// GSS_C_GSS_CODE and GSS_C_MECH_CODE: whose number it is.
const OF_GSS: c_int = 1;
const OF_KERBEROS: c_int = 2;

/// gss_buffer_desc
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// gss_OID_desc, as everywhere but on macOS, where it is packed.
#[repr(C)]
struct Oid {
    length: u32,
    elements: *const u8,
}

/// gss_OID_set_desc
#[repr(C)]
struct Oids {
    count: usize,
    elements: *const Oid,
}

/// gss_key_value_element_desc
#[repr(C)]
struct KeyValue {
    key: *const c_char,
    value: *const c_char,
}

/// gss_key_value_set_desc
#[repr(C)]
struct KeyValues {
    count: u32,
    elements: *const KeyValue,
}

/// gss_name_t, gss_cred_id_t, gss_ctx_id_t: pointers to what only the library knows.
type Handle = *mut c_void;

#[link(name = "gssapi_krb5")]
unsafe extern "C" {
    fn gss_import_name(minor: *mut u32, text: *const Buffer, kind: *const Oid, name: *mut Handle) -> u32;
    fn gss_display_name(minor: *mut u32, name: Handle, text: *mut Buffer, kind: *mut *const Oid) -> u32;
    fn gss_release_name(minor: *mut u32, name: *mut Handle) -> u32;
    /// An extension of MIT's (gssapi_ext.h): the key and the replays by their paths, and not by the environment.
    fn gss_acquire_cred_from(
        minor: *mut u32,
        name: Handle,
        time: u32,
        mechanisms: *const Oids,
        usage: c_int,
        store: *const KeyValues,
        credential: *mut Handle,
        actual: *mut *const Oids,
        lasts: *mut u32,
    ) -> u32;
    fn gss_release_cred(minor: *mut u32, credential: *mut Handle) -> u32;
    fn gss_accept_sec_context(
        minor: *mut u32,
        context: *mut Handle,
        credential: Handle,
        token: *const Buffer,
        bindings: *const c_void,
        source: *mut Handle,
        mechanism: *mut *const Oid,
        answer: *mut Buffer,
        flags: *mut u32,
        lasts: *mut u32,
        delegated: *mut Handle,
    ) -> u32;
    fn gss_delete_sec_context(minor: *mut u32, context: *mut Handle, token: *mut Buffer) -> u32;
    fn gss_release_buffer(minor: *mut u32, buffer: *mut Buffer) -> u32;
    fn gss_display_status(
        minor: *mut u32,
        status: u32,
        kind: c_int,
        mechanism: *const Oid,
        more: *mut u32,
        text: *mut Buffer,
    ) -> u32;
}

impl Oid {
    const fn of(elements: &'static [u8]) -> Self {
        Self { length: elements.len() as u32, elements: elements.as_ptr() }
    }
}

impl Buffer {
    const fn empty() -> Self {
        Self { length: 0, value: null_mut() }
    }

    /// What the library only reads, while `bytes` are there.
    fn reading(bytes: &[u8]) -> Self {
        Self { length: bytes.len(), value: bytes.as_ptr().cast_mut().cast() }
    }
}

/// A buffer that the library filled, and takes back.
struct Filled(Buffer);

impl Filled {
    fn text(&self) -> String {
        if self.0.value.is_null() {
            return String::new();
        }
        // SAFETY: the library set `value` to `length` octets of its own, which stay until they are released in `drop`.
        let bytes = unsafe { std::slice::from_raw_parts(self.0.value.cast::<u8>(), self.0.length) };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        // SAFETY: it is empty or was filled by the library, and is released once.
        unsafe { gss_release_buffer(&mut 0, &mut self.0) };
    }
}

/// Something of the library's, and how it is given back.
struct Held(Handle, unsafe extern "C" fn(*mut u32, *mut Handle) -> u32);

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the handle is null, which every one of these functions takes, or came from the library and is given back once.
        unsafe { (self.1)(&mut 0, &mut self.0) };
    }
}

/// What a client and we would go on to talk by: given back without a last token.
unsafe extern "C" fn end(minor: *mut u32, context: *mut Handle) -> u32 {
    // SAFETY: as its caller's; a null token asks for none.
    unsafe { gss_delete_sec_context(minor, context, null_mut()) }
}

/// Whether the gate's own key can be had, and is of its service.
pub fn ready(kerberos: &Kerberos, replays: &Path) -> Result<(), NotOpened> {
    // Who may not read it is told so by the system in plainer words.
    std::fs::File::open(&kerberos.keytab).map_err(|fault| NotOpened(fault.to_string()))?;
    credential(kerberos, replays).map(drop)
}

/// Opens a ticket, and says whose it is: `name@REALM`.
pub fn open(kerberos: &Kerberos, replays: &Path, token: &[u8]) -> Result<String, NotOpened> {
    let credential = credential(kerberos, replays)?;
    let (mut minor, mut context, mut source) = (0, Held(null_mut(), end), Held(null_mut(), gss_release_name));
    let mut answer = Filled(Buffer::empty());
    let token = Buffer::reading(token);
    // SAFETY: every pointer is to a local that outlives the call, or null where RFC 2744 §5.1 takes null; the context is null, as
    // at the first call; credential, source and context are held, and so is the answer.
    let major = unsafe {
        gss_accept_sec_context(
            &mut minor,
            &mut context.0,
            credential.0,
            &token,
            null(),
            &mut source.0,
            null_mut(),
            &mut answer.0,
            null_mut(),
            null_mut(),
            null_mut(),
        )
    };
    done(major, minor)?;
    let mut name = Filled(Buffer::empty());
    // SAFETY: the source is a name of the library's, as the call above was complete; the other pointers are to locals, or null.
    let major = unsafe { gss_display_name(&mut minor, source.0, &mut name.0, null_mut()) };
    done(major, minor)?;
    Ok(name.text())
}

/// The gate's own key, for its service and no other that is in the same file.
fn credential(kerberos: &Kerberos, replays: &Path) -> Result<Held, NotOpened> {
    let mut minor = 0;
    let mut service = Held(null_mut(), gss_release_name);
    // SAFETY: the text is read while it is there, and the name is held.
    let major = unsafe { gss_import_name(&mut minor, &Buffer::reading(kerberos.service.as_bytes()), &PRINCIPAL, &mut service.0) };
    done(major, minor)?;
    let (keytab, replays) = (path("FILE:", &kerberos.keytab)?, path("file2:", replays)?);
    let pairs = [
        KeyValue { key: c"keytab".as_ptr(), value: keytab.as_ptr() },
        KeyValue { key: c"rcache".as_ptr(), value: replays.as_ptr() },
    ];
    let store = KeyValues { count: pairs.len() as u32, elements: pairs.as_ptr() };
    let mut credential = Held(null_mut(), gss_release_cred);
    // SAFETY: name, mechanism and store are read while they are there, the credential is held, the rest may be null.
    let major = unsafe {
        gss_acquire_cred_from(
            &mut minor,
            service.0,
            FOR_EVER,
            &Oids { count: 1, elements: &KERBEROS },
            ACCEPT,
            &store,
            &mut credential.0,
            null_mut(),
            null_mut(),
        )
    };
    done(major, minor)?;
    Ok(credential)
}

fn path(kind: &str, path: &Path) -> Result<CString, NotOpened> {
    let bytes = [kind.as_bytes(), path.as_os_str().as_bytes()].concat();
    CString::new(bytes).map_err(|_| NotOpened("a path holds a zero octet".into()))
}

fn done(major: u32, minor: u32) -> Result<(), NotOpened> {
    if major == COMPLETE {
        return Ok(());
    }
    let [general, own] = [(major, OF_GSS), (minor, OF_KERBEROS)].map(|(status, kind)| {
        let mut text = Filled(Buffer::empty());
        // SAFETY: the mechanism is read, the text is held, the rest are locals.
        unsafe { gss_display_status(&mut 0, status, kind, &KERBEROS, &mut 0, &mut text.0) };
        text.text()
    });
    Err(NotOpened(if minor == 0 || own.is_empty() { general } else { own }))
}
