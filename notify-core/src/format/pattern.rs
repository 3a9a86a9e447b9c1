//! Names of jobs, with `*` for any characters.

/// Returns whether a name fits a pattern in which `*` stands for any characters.
#[must_use]
pub fn is_fit(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    let Some((middle, tail)) = rest.rsplit_once('*') else {
        return name.ends_with(rest);
    };
    for part in middle.split('*') {
        match name.find(part) {
            Some(at) => name = &name[at + part.len()..],
            None => return false,
        }
    }
    name.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, fits) in [
            ("etl.load", "etl.load", true),
            ("etl.load", "etl.loader", false),
            ("*", "", true),
            ("etl.*", "etl.load", true),
            ("etl.*", "etl", false),
            ("*.load", "etl.load", true),
            ("e*l*d", "etl.load", true),
            ("a*a", "a", false),
            ("a*b*b", "ab", false),
            ("a*bc*c", "abc", false),
            ("*é*", "größe.é.x", true),
        ] {
            assert_eq!(is_fit(pattern, name), fits, "{pattern} {name}");
        }
    }
}
