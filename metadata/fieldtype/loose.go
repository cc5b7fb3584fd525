package fieldtype

// Loose is the value of what an expression results in, where no field holds it; nil for a kind of which no field type
// alone is (rows, a value of parts, a link, what is not known).
func Loose(kind Kind, scale int) Value {
	switch kind {
	case TextKind:
		return longTextValue{max: maxLongText}
	case NumberKind:
		return decimalValue{scale: scale}
	case BoolKind:
		return checkboxValue{}
	case DateKind:
		return dateValue{}
	case DatetimeKind:
		return datetimeValue{}
	case TimeKind:
		return timeValue{}
	case DurationKind:
		return durationValue{}
	case ReferenceKind:
		return lookupValue{}
	case ListKind:
		return tagsValue{}
	}
	return nil
}
