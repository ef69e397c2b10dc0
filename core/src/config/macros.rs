//! The two shapes that records and unions are declared in: one table for the decoder, the messages and the schemas.

/// Implements `Decode` for a struct from the one table of its fields: `field: "jsonName" = "default as JSON"`, without
/// a default for a required field. `keeps` names the field that takes the unknown fields; the function after the `;`
/// checks what lies between fields.
macro_rules! record {
    ($record:ident $(keeps $extra:ident)? {
        $($field:ident: $name:literal $(= $default:literal)?),+ $(,)?
    } $(; $check:path)?) => {
        impl $record {
            pub(super) const FIELDS: &'static [$crate::config::decode::Field] = &[
                $($crate::config::decode::Field {
                    name: $name,
                    default: $crate::config::macros::record!(@default $($default)?),
                }),+
            ];
        }

        impl $crate::config::decode::Decode for $record {
            fn decode(
                node: &$crate::config::node::Node,
                at: &mut $crate::config::decode::Decoder,
            ) -> Option<Self> {
                let fields = at.fields(node, Self::FIELDS, false $(|| !stringify!($extra).is_empty())?)?;
                $(let $field = at.field(&fields, $name);)+
                $(let $extra = $crate::config::decode::unknown_fields(&fields);)?
                #[allow(unused_mut)]
                let mut record = Self { $($field: $field?,)+ $($extra,)? };
                $($check(&mut record, node, at);)?
                Some(record)
            }
        }
    };
    (@default) => { None };
    (@default $default:literal) => { Some($default) };
}

/// Implements `Decode` for an enum from the one table of its branches: `Branch(Payload) = "tag"` or `Branch = "tag"`.
macro_rules! union {
    ($union:ident { $($branch:ident $(($payload:ty))? = $tag:literal),+ $(,)? }) => {
        impl $union {
            pub(super) const BRANCHES: &'static [$crate::config::decode::Branch] = &[
                $($crate::config::decode::Branch {
                    tag: $tag,
                    has_value: $crate::config::macros::union!(@has $($payload)?),
                }),+
            ];
        }

        impl $crate::config::decode::Decode for $union {
            fn decode(
                node: &$crate::config::node::Node,
                at: &mut $crate::config::decode::Decoder,
            ) -> Option<Self> {
                match at.branch(node, Self::BRANCHES)? {
                    $(($tag, value) => $crate::config::macros::union!(@read $branch $tag value at $($payload)?),)+
                    _ => None,
                }
            }
        }
    };
    (@has) => { false };
    (@has $payload:ty) => { true };
    (@read $branch:ident $tag:literal $value:ident $at:ident) => {{
        let _ = $value;
        Some(Self::$branch)
    }};
    (@read $branch:ident $tag:literal $value:ident $at:ident $payload:ty) => {
        $at.within($crate::config::decode::Step::Key($tag.into()), |at| {
            <$payload as $crate::config::decode::Decode>::decode($value?, at)
        })
        .map(Self::$branch)
    };
}

pub(super) use record;
pub(super) use union;
