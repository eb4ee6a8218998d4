//! What a file may write in more than one form: numbers, expressions, lists, tables.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{
    At, Columns, Listed, Motion, Number, NumberOrText, Several, Str, TextOrNames, Unknown, UnknownTable,
    Variable, VariableTable,
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
