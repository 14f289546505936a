//! `schoolgate check`: every fault at once, or what was understood.

use super::{Context, Outcome, fail, say};

pub fn check(context: &Context) -> Outcome {
    let config = context.read()?;
    let mut faults = crate::ops::locked::faults(&config);
    faults.extend(crate::ops::update::faults(&config));
    faults.extend(crate::ops::tables::faults(&config));
    faults.extend(crate::ops::identity::of_dns(&config).err());
    faults.extend(crate::ops::identity::of_web(&config).err());
    faults.extend(crate::people::kerberos::ready(&config).err());
    let providers = config.portal.providers.iter();
    faults.extend(providers.filter_map(|provider| crate::people::openid::secret(&provider.secret_file).err()));
    faults.extend(crate::ops::inside::load(&config, None).err());
    match crate::people::Store::peek(&crate::app::register_file(&config)) {
        Ok(register) => {
            if !context.json {
                say(&config)?;
                say(format_args!("register  {} people", register.present().count()))?;
            }
        }
        Err(fault) => faults.push(fault.to_string()),
    }
    match crate::ops::phrases::matcher(&config.lists.shipped, &config.lists.phrases) {
        Ok(terms) if !context.json => {
            say(format_args!("terms     {}, in {}", terms.terms().count(), terms.languages().join(", ")))?;
        }
        Ok(_) => {}
        Err(fault) => faults.push(fault.to_string()),
    }
    if faults.is_empty() {
        return context.print(&serde_json::json!({ "faults": [] }), || "no fault found".into());
    }
    if context.json {
        context.print(&serde_json::json!({ "faults": faults }), String::new)?;
        return Err(super::Failed);
    }
    faults.iter().for_each(|fault| {
        fail(fault);
    });
    Err(super::Failed)
}
