use super::Week;
pub fn html(_w: &Week) -> String {
    String::new()
}
