package query

import "strings"

// Match evaluates a filter on one record. get returns the stored value of a
// reference (nil if empty); it is asked only for what decides. Match agrees with
// every store.
func Match(f Filter, get func(Ref) any) bool {
	switch f := f.(type) {
	case nil:
		return true
	case All:
		for _, part := range f {
			if !Match(part, get) {
				return false
			}
		}
		return true
	case Any:
		for _, part := range f {
			if Match(part, get) {
				return true
			}
		}
		return false
	case Not:
		return !Match(f.Filter, get)
	case Compare:
		return compare(get(f.Ref), f.Op, f.Value)
	case CompareRefs:
		return compare(get(f.Left), f.Op, get(f.Right))
	case In:
		value := get(f.Ref)
		if value == nil {
			return false
		}
		for _, v := range f.Values {
			if v == value {
				return true
			}
		}
		return false
	case Like:
		text, ok := get(f.Ref).(string)
		if !ok {
			return false
		}
		switch f.At {
		case Start:
			return strings.HasPrefix(text, f.Text)
		case End:
			return strings.HasSuffix(text, f.Text)
		}
		return strings.Contains(text, f.Text)
	case Has:
		list, _ := get(f.Ref).([]string)
		for _, text := range list {
			if text == f.Text {
				return true
			}
		}
		return false
	}
	panic("query: not a filter of this package")
}

func compare(a any, op Op, b any) bool {
	if a == nil || b == nil {
		switch op {
		case Eq:
			return a == nil && b == nil
		case Ne:
			return (a == nil) != (b == nil)
		}
		return false
	}
	order, ok := Order3(a, b)
	if !ok {
		return op == Ne
	}
	switch op {
	case Eq:
		return order == 0
	case Ne:
		return order != 0
	case Lt:
		return order < 0
	case Le:
		return order <= 0
	case Gt:
		return order > 0
	default:
		return order >= 0
	}
}

// Order3 compares two stored scalars of one type: -1, 0 or 1. The empty value is
// the smallest. ok is false for values that have no order with each other.
func Order3(a, b any) (order int, ok bool) {
	switch {
	case a == nil && b == nil:
		return 0, true
	case a == nil:
		return -1, true
	case b == nil:
		return 1, true
	}
	switch a := a.(type) {
	case int64:
		if b, ok := b.(int64); ok {
			switch {
			case a < b:
				return -1, true
			case a > b:
				return 1, true
			}
			return 0, true
		}
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b), true
		}
	case bool:
		if b, ok := b.(bool); ok {
			switch {
			case a == b:
				return 0, true
			case b:
				return -1, true
			}
			return 1, true
		}
	}
	return 0, false
}
