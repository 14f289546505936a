//! The week as a tagged PDF (PDF/UA-1): page one on one sheet of A4, the parts behind it.
//!
//! Always holds: title, language, headings, lists and tables are told to who reads it without seeing it, in the order in which
//! they are read; a bar has its text beside it and its numbers in a table; nothing is fetched and nothing is a link; the same
//! week gives the same bytes. A character that the faces do not have (they have Latin, Greek and Cyrillic) is shown as '\u{fffd}'.
//!
//! - [`parts`]  what stands in it, part by part: the one place that knows the week
//! - [`incidents`]  incidents of the casebook, to be put into a file
//! - [`sheet`]  headings, paragraphs, tables and bars set on pages
//! - [`face`]   the embedded faces, and how wide a text is
//! - [`press`]  pages and what they mean written as PDF

mod face;
mod incidents;
mod parts;
mod press;
mod sheet;

pub use incidents::incidents;

use super::Week;
use face::Faces;
use sheet::Sheet;

/// Sizes of the body, in points: the first in which page one is one page.
const SIZES: [f32; 6] = [9.5, 9.0, 8.5, 8.0, 7.5, 7.0];

/// Why there is no PDF. None of it is anything a week can hold.
#[derive(Debug, thiserror::Error)]
pub enum PdfFault {
    #[error("the faces of this program cannot be read")]
    Faces,
    #[error("the PDF would not be what it says it is: {0}")]
    Write(String),
}

/// The week as PDF.
///
/// # Errors
/// [`PdfFault`]
pub fn pdf(week: &Week) -> Result<Vec<u8>, PdfFault> {
    let faces = Faces::new().ok_or(PdfFault::Faces)?;
    let title = format!("{} {} · {}", week.edition.title(), week.week, week.school);
    let mut sheet = Sheet::new(&faces, SIZES[0], title.clone());
    for size in SIZES {
        sheet = Sheet::new(&faces, size, title.clone());
        parts::page_one(&mut sheet, week);
        if sheet.pages() == 1 {
            break;
        }
    }
    sheet.set_in(SIZES[0]);
    parts::behind(&mut sheet, week);
    let foot = format!("{title} · delivery {}", week.delivery);
    press::print(&sheet.done(&foot), &faces)
}
