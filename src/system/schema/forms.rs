//! What a file may write in more than one form: numbers, expressions, lists, tables.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use toml::Spanned;

use super::{
    At, Columns, Listed, Motion, Number, NumberOrText, Output, Parameter, Several, Str, TextOrNames, Unknown,
    UnknownTable, Variable, VariableTable,
};

/// The ways in which TOML hands over a number.
macro_rules! visit_numbers {
    ($value:ty, $make:expr) => {
        fn visit_i64<E: de::Error>(self, x: i64) -> Result<$value, E> {
            Ok($make(x as f64))
        }
        fn visit_u64<E: de::Error>(self, x: u64) -> Result<$value, E> {
            Ok($make(x as f64))
        }
        fn visit_i128<E: de::Error>(self, x: i128) -> Result<$value, E> {
            Ok($make(x as f64))
        }
        fn visit_u128<E: de::Error>(self, x: u128) -> Result<$value, E> {
            Ok($make(x as f64))
        }
        fn visit_f64<E: de::Error>(self, x: f64) -> Result<$value, E> {
            Ok($make(x))
        }
    };
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            visit_numbers!(Number, Number);
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for NumberOrText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = NumberOrText;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or an expression in a string")
            }
            visit_numbers!(NumberOrText, NumberOrText::Number);
            fn visit_str<E: de::Error>(self, x: &str) -> Result<NumberOrText, E> {
                Ok(NumberOrText::Text(x.to_string()))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Several;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or an expression in a string")
            }
            visit_numbers!(Several, |x| Several::One(NumberOrText::Number(x)));
            fn visit_str<E: de::Error>(self, x: &str) -> Result<Several, E> {
                Ok(Several::One(NumberOrText::Text(x.to_string())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Several, A::Error> {
                Ok(Several::List(all(list)?))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Several, A::Error> {
                Columns::deserialize(MapAccessDeserializer::new(map)).map(Several::File)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Listed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers or expressions, or the name of a column of a file")
            }
            fn visit_str<E: de::Error>(self, x: &str) -> Result<Listed, E> {
                Ok(Listed::Column(At::new(0..0, x.to_string())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Listed, A::Error> {
                Ok(Listed::List(all(list)?))
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// All items of a list.
fn all<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(mut list: A) -> Result<Vec<T>, A::Error> {
    let mut items = Vec::new();
    while let Some(item) = list.next_element()? {
        items.push(item);
    }
    Ok(items)
}

impl<'de> Deserialize<'de> for TextOrNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = TextOrNames;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an expression in a string, or a list of unknowns in quotes")
            }
            fn visit_str<E: de::Error>(self, x: &str) -> Result<TextOrNames, E> {
                Ok(TextOrNames::Text(x.to_string()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<TextOrNames, A::Error> {
                Ok(TextOrNames::Names(all(list)?))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Variable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Variable;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"normal\", or a table such as { values = […], weights = […] } or { uniform = [from, to] }")
            }
            fn visit_str<E: de::Error>(self, x: &str) -> Result<Variable, E> {
                Ok(Variable::Named(x.to_string()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Variable, A::Error> {
                Box::<VariableTable>::deserialize(MapAccessDeserializer::new(map)).map(Variable::Table)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Unknown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Unknown;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string with the meaning, or a table { meaning = \"…\", range = [from, to] }")
            }
            fn visit_str<E: de::Error>(self, x: &str) -> Result<Unknown, E> {
                Ok(Unknown(UnknownTable { meaning: x.to_string(), symmetric: false, range: None }))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Unknown, A::Error> {
                UnknownTable::deserialize(MapAccessDeserializer::new(map)).map(Unknown)
            }
        }
        deserializer.deserialize_any(V)
    }
}

/// A table, or in its place the number or expression that matters most of it.
enum TableOr<T> {
    Table(T),
    Value(NumberOrText),
}

/// What may stand as its value alone.
trait InShort: Sized {
    /// What is accepted, in words.
    const ACCEPTED: &'static str;
    /// From its table.
    fn of_table<'de, D: Deserializer<'de>>(table: D) -> Result<Self, D::Error>;
    /// From its value.
    fn of_value(value: At<NumberOrText>) -> Self;
}

impl<'de, T: InShort> Deserialize<'de> for TableOr<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V<T>(std::marker::PhantomData<T>);
        impl<'de, T: InShort> Visitor<'de> for V<T> {
            type Value = TableOr<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(T::ACCEPTED)
            }
            visit_numbers!(TableOr<T>, |x| TableOr::Value(NumberOrText::Number(x)));
            fn visit_str<E: de::Error>(self, x: &str) -> Result<TableOr<T>, E> {
                Ok(TableOr::Value(NumberOrText::Text(x.to_string())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TableOr<T>, A::Error> {
                T::of_table(MapAccessDeserializer::new(map)).map(TableOr::Table)
            }
        }
        deserializer.deserialize_any(V(std::marker::PhantomData))
    }
}

fn in_short<'de, T: InShort, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let form = Spanned::<TableOr<T>>::deserialize(deserializer)?;
    let span = form.span();
    Ok(match form.into_inner() {
        TableOr::Table(table) => table,
        TableOr::Value(value) => T::of_value(At::new(span, value)),
    })
}

impl InShort for Parameter {
    const ACCEPTED: &'static str =
        "a number, or a table { default = …, domain = \"…\", slider = [from, to], meaning = \"…\" }";
    fn of_table<'de, D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Parameter::deserialize(table)
    }
    fn of_value(value: At<NumberOrText>) -> Self {
        let default = value.map(Several::One);
        Parameter { default, values: None, domain: None, slider: None, meaning: String::new() }
    }
}

impl InShort for Output {
    const ACCEPTED: &'static str = "an expression in a string, or a table { value = \"…\", meaning = \"…\" }";
    fn of_table<'de, D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        Output::deserialize(table)
    }
    fn of_value(value: At<NumberOrText>) -> Self {
        Output { value, meaning: String::new() }
    }
}

// With `remote = "Self"` the derived functions, of tables, are inherent ones.
impl<'de> Deserialize<'de> for Parameter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        in_short(deserializer)
    }
}

impl<'de> Deserialize<'de> for Output {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        in_short(deserializer)
    }
}

impl<'de> Deserialize<'de> for Motion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Motion;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a section with the right side of every unknown, `start = { … }` and perhaps `stop = \"…\"`")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Motion, A::Error> {
                let mut motion = Motion::default();
                while let Some(key) = map.next_key::<Str>()? {
                    match key.get_ref().as_str() {
                        "start" => motion.start = Some(map.next_value()?),
                        "stop" => motion.stop = Some(map.next_value()?),
                        _ => drop(motion.right.insert(key, map.next_value()?)),
                    }
                }
                Ok(motion)
            }
        }
        deserializer.deserialize_map(V)
    }
}
