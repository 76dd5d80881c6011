//! The types that can stand among settings.

use super::{Reader, Settings, Shape};

/// JSON numbers are doubles: beyond this a whole number is not exact.
const LARGEST: i64 = 1 << 53;

impl Settings for String {
    const SHAPE: Shape = Shape::Text;

    fn read(reader: &mut Reader) -> Option<Self> {
        reader.text("text")
    }
}

impl Settings for bool {
    const SHAPE: Shape = Shape::Boolean;

    fn read(reader: &mut Reader) -> Option<Self> {
        reader.boolean()
    }
}

impl Settings for f64 {
    const SHAPE: Shape = Shape::Number;

    fn read(reader: &mut Reader) -> Option<Self> {
        reader.number()
    }
}

macro_rules! whole_numbers {
    ($($type:ty: $min:expr, $max:expr;)*) => {
        $(impl Settings for $type {
            const SHAPE: Shape = Shape::Whole { min: $min, max: $max };

            fn read(reader: &mut Reader) -> Option<Self> {
                reader.whole($min, $max).and_then(|whole| Self::try_from(whole).ok())
            }
        })*
    };
}

whole_numbers! {
    u8: 0, u8::MAX as i64;
    u16: 0, u16::MAX as i64;
    u32: 0, u32::MAX as i64;
    u64: 0, LARGEST;
    usize: 0, u32::MAX as i64;
    i8: i8::MIN as i64, i8::MAX as i64;
    i16: i16::MIN as i64, i16::MAX as i64;
    i32: i32::MIN as i64, i32::MAX as i64;
    i64: -LARGEST, LARGEST;
}

impl<T: Settings> Settings for Option<T> {
    const SHAPE: Shape = Shape::Optional(&T::SHAPE);

    fn read(reader: &mut Reader) -> Option<Self> {
        if reader.is_null() { Some(None) } else { T::read(reader).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Settings> Settings for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);

    fn read(reader: &mut Reader) -> Option<Self> {
        reader.elements()
    }
}
