//! `[inside]`: what is looked into where TLS is, once the school has an authority for it.

use super::categories::Categories;
use super::encrypted::{PemFile, pem_path};
use super::fault::{Placed, Wrong, shown};
use super::file::Section;
use super::groups::People;
use super::item::{Item, List};
use super::values;
use crate::words::{Category, CategorySet, GroupId, Host, NetworkId};
use std::path::{Path, PathBuf};

/// Never looked into, whatever the file says: what machines need to work, and where somebody asks for help.
const NEVER: CategorySet = CategorySet::of(&[Category::PLATFORM, Category::HELP]);

/// More than any school has tenants or domains; they are one header line.
const MOST: usize = 64;

/// The longest name of a tenant: a host, or a directory's id.
const MAX_TENANT: usize = 255;

/// What is looked into. Nothing is without an authority (`schoolgate ca init`).
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// Networks whose devices have the authority: `[[network]] ca = "installed"`. On others nothing is looked into.
    pub networks: Vec<NetworkId>,
    /// Of whom; `None`: of everybody on these networks.
    pub groups: Option<Vec<GroupId>>,
    /// Categories that are not looked into; platform and help are always among them.
    pub without: CategorySet,
    /// Hosts, with everything below them, that are not looked into.
    pub except: Vec<Host>,
    /// Certificate revocation lists that origins are held against, PEM or DER.
    pub crls: Vec<PemFile>,
    /// An authority more that origins may be signed by: that of a firewall behind this gate.
    pub trust: Option<PemFile>,
    /// Google accounts of these domains only may sign in (`X-GoogApps-Allowed-Domains`).
    pub google_domains: Vec<Host>,
    /// Microsoft accounts of these tenants only may sign in (`Restrict-Access-To-Tenants`).
    pub microsoft_tenants: Vec<String>,
    /// The directory's id of the tenant that asks for it (`Restrict-Access-Context`).
    pub microsoft_context: Option<String>,
}

/// `folder` is where paths begin.
pub(super) fn read(root: &Section, folder: &Path, categories: &Categories, people: &People) -> Inside {
    let section = root.section("inside");
    let groups = section.list("groups", |item| item.text());
    let find = |name: Placed<&str>| people.known.find(&section, &name, "a group of [inside] does not exist");
    let groups = groups.map(|list| list.items.into_iter().filter_map(find).collect());
    let title = "[inside] leaves a category alone that does not exist";
    let without = List::values(section.list("without", |item| categories.category(item, title))).into_iter().flatten();
    let without = without.fold(NEVER, |set, category| set.or(CategorySet::of(&[category])));
    let except = List::values(section.list("except", values::host));
    let file = |written: Placed<PathBuf>| Some(PemFile { path: folder.join(written.value), at: section.spot(written.place)? });
    let crls = section.list("crls", |item| pem_path(item)).map_or(Vec::new(), |list| list.items);
    let crls = crls.into_iter().filter_map(file).collect();
    let trust = section.value("trust", |item| pem_path(item)).and_then(file);
    let google_domains = at_most(&section, section.list("google_domains", values::host));
    let microsoft_tenants = at_most(&section, section.list("microsoft_tenants", tenant));
    let context = section.value("microsoft_context", tenant);
    if let (true, Some(context)) = (microsoft_tenants.is_empty(), &context) {
        let wrong = Wrong::new("`microsoft_context` says who asks for `microsoft_tenants`, and there are none", "add them");
        section.fault(wrong.at(context.place));
    }
    section.end();
    Inside {
        networks: people.with_ca.clone(),
        groups,
        without,
        except,
        crls,
        trust,
        google_domains,
        microsoft_tenants,
        microsoft_context: context.map(|c| c.value),
    }
}

fn at_most<T>(section: &Section, list: Option<List<T>>) -> Vec<T> {
    if let Some(first) = list.as_ref().and_then(|l| l.items.get(MOST)) {
        section.fault(Wrong::new("these are too many for one line of a request", format!("at most {MOST}")).at(first.place));
    }
    List::values(list)
}

/// What stands in a header: a domain, or a directory's id.
fn tenant(item: &Item) -> Result<String, Wrong> {
    let text = item.text()?;
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'.' | b'_');
    if text.is_empty() || text.len() > MAX_TENANT || !text.bytes().all(plain) {
        let title = format!("{} is not a tenant", shown(text));
        return Err(Wrong::new(title, "a domain of it such as \"school.onmicrosoft.com\", or its directory's id"));
    }
    Ok(text.to_owned())
}
