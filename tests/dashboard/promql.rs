//! As much of Prometheus' query language as it takes to know which metrics and labels an expression names.

/// The metrics of an expression, and the labels by which it groups or joins them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Expression {
    pub(crate) selectors: Vec<Selector>,
    pub(crate) grouping: Vec<String>,
}

/// A metric, and its labels with what each is compared with.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selector {
    pub(crate) name: String,
    pub(crate) matchers: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Text(String),
    Sign(char),
}

/// The tokens of an expression, without its numbers and ranges.
fn tokens(expression: &str) -> Vec<Token> {
    let is_name = |c: char| c.is_alphanumeric() || "_:".contains(c);
    let mut tokens = Vec::new();
    let mut rest = expression.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '"' => rest[1..].find('"').expect("a string ends") + 2,
            '[' => rest.find(']').expect("a range ends") + 1,
            '#' => rest.find('\n').unwrap_or(rest.len()),
            _ if is_name(first) => {
                let number = first.is_ascii_digit();
                rest.find(|c| !(is_name(c) || number && c == '.')).unwrap_or(rest.len())
            }
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(end);
        match first {
            '"' => tokens.push(Token::Text(token.trim_matches('"').to_owned())),
            '[' | '#' | '0'..='9' => {}
            _ if is_name(first) => tokens.push(Token::Name(token.to_owned())),
            sign => tokens.push(Token::Sign(sign)),
        }
        rest = after.trim_start();
    }
    tokens
}

/// The tokens up to and without `end`, which is taken too.
fn until(tokens: &mut impl Iterator<Item = Token>, end: char) -> Vec<Token> {
    tokens.take_while(|token| *token != Token::Sign(end)).collect()
}

fn names(tokens: Vec<Token>) -> impl Iterator<Item = String> {
    tokens.into_iter().filter_map(|token| match token {
        Token::Name(name) => Some(name),
        _ => None,
    })
}

fn matchers(tokens: &[Token]) -> Vec<(String, Vec<String>)> {
    let matchers = tokens.split(|token| *token == Token::Sign(','));
    let matchers = matchers.filter_map(|matcher| match matcher {
        [] => None,
        [Token::Name(label), signs @ .., Token::Text(text)] => {
            let regex = signs.contains(&Token::Sign('~'));
            let values = if regex { text.split('|').collect() } else { vec![text.as_str()] };
            Some((label.clone(), values.into_iter().map(str::to_owned).collect()))
        }
        other => panic!("no matcher: {other:?}"),
    });
    matchers.collect()
}

impl Expression {
    pub(crate) fn parse(expression: &str) -> Self {
        let mut found = Self::default();
        let mut tokens = tokens(expression).into_iter().peekable();
        while let Some(token) = tokens.next() {
            let next = tokens.peek().cloned();
            match token {
                Token::Name(word) if is_grouping(&word) => {
                    assert_eq!(tokens.next(), Some(Token::Sign('(')), "`{word}` of labels");
                    found.grouping.extend(names(until(&mut tokens, ')')));
                }
                Token::Name(word)
                    if ["and", "or", "unless", "bool", "offset"].contains(&&*word) => {}
                // A function, or an aggregation that says first what it groups by.
                Token::Name(_) if next == Some(Token::Sign('(')) => {}
                Token::Name(_) if matches!(&next, Some(Token::Name(word)) if is_grouping(word)) => {
                }
                Token::Name(name) => {
                    let braces = tokens.next_if_eq(&Token::Sign('{'));
                    let braces = braces.map(|_| until(&mut tokens, '}')).unwrap_or_default();
                    found.selectors.push(Selector { name, matchers: matchers(&braces) });
                }
                Token::Sign('{') => {
                    let matchers = matchers(&until(&mut tokens, '}'));
                    found.selectors.push(Selector { name: String::new(), matchers });
                }
                _ => {}
            }
        }
        found
    }
}

fn is_grouping(word: &str) -> bool {
    ["by", "without", "on", "ignoring", "group_left", "group_right"].contains(&word)
}

#[test]
fn an_expression_is_taken_apart() {
    let expression = r#"
        # how long cakes take
        histogram_quantile(0.99, sum by (le, kind) (rate(cake_seconds_bucket{kind=~"a|b", of="c|d"}[5m] offset 1h)))
          / on (kind) group_left () 1e3 * {of!="x"} or cakes unless bool oven:cakes"#;
    let selector = |name: &str, matchers: &[(&str, &[&str])]| Selector {
        name: name.to_owned(),
        matchers: matchers
            .iter()
            .map(|(label, values)| {
                (String::from(*label), values.iter().map(|v| String::from(*v)).collect())
            })
            .collect(),
    };
    let expected = Expression {
        selectors: vec![
            selector("cake_seconds_bucket", &[("kind", &["a", "b"]), ("of", &["c|d"])]),
            selector("", &[("of", &["x"])]),
            selector("cakes", &[]),
            selector("oven:cakes", &[]),
        ],
        grouping: ["le", "kind", "kind"].map(String::from).to_vec(),
    };
    assert_eq!(Expression::parse(expression), expected);
}
