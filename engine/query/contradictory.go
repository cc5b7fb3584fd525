package query

import "math"

// maxTold is how many comparisons are looked at to tell whether a filter is contradictory.
const maxTold = 20_000

// Contradictory reports whether it can be told from a filter that it holds for no record: its comparisons of one
// reference with constants exclude each other. false says nothing, nor does it of a filter that is too large.
func Contradictory(f Filter) bool {
	t := telling{left: maxTold}
	return t.contradict(nil, Simplify(f))
}

// telling is whether a filter is contradictory being found out.
type telling struct{ left int }

// contradict reports whether a filter holds for nothing for which known conditions hold.
func (t *telling) contradict(known []Filter, f Filter) bool {
	if Never(f) {
		return true
	}
	all, ok := f.(All)
	if !ok {
		all = All{f}
	}
	known = known[:len(known):len(known)]
	for _, part := range all {
		if _, ok := compared(part); ok {
			known = append(known, part)
		}
	}
	if t.excluded(known) {
		return true
	}
	for _, part := range all {
		if any, ok := part.(Any); ok && len(any) > 0 {
			possible := false
			for _, way := range any {
				possible = possible || !t.contradict(known, way)
			}
			if !possible {
				return true
			}
		}
	}
	return false
}

// compared is the reference that a condition compares with constants; ok is false where it does something else.
func compared(f Filter) (r Ref, ok bool) {
	switch f := f.(type) {
	case Compare:
		return f.Ref, true
	case In:
		return f.Ref, true
	case Not:
		if _, twice := f.Filter.(Not); !twice {
			return compared(f.Filter)
		}
	}
	return Ref{}, false
}

// excluded reports whether conditions that compare references with constants leave one of these no value. What such conditions
// say of a value changes at their constants alone, so those and the values beside them stand for all.
func (t *telling) excluded(conditions []Filter) bool {
	done := map[uint64]bool{}
	for _, first := range conditions {
		ref, _ := compared(first)
		h := hashRef(offset, ref)
		if done[h] {
			continue
		}
		done[h] = true
		var of All
		values := []any{nil, int64(0), true, false, ""}
		for _, f := range conditions {
			if other, _ := compared(f); ref.Equal(other) {
				of = append(of, f)
				values = append(values, beside(f)...)
			}
		}
		if t.left -= len(conditions) + len(values)*len(values); t.left < 0 { // each value is compared with each
			return false
		}
		possible := false
		for _, v := range values {
			possible = possible || Match(of, func(Ref) any { return v })
		}
		if !possible {
			return true
		}
	}
	return false
}

// beside are the constants of a condition, each with the values next to it.
func beside(f Filter) (values []any) {
	switch f := f.(type) {
	case Not:
		return beside(f.Filter)
	case Compare:
		values = []any{f.Value}
	case In:
		values = f.Values
	}
	var all []any
	for _, v := range values {
		all = append(all, v)
		switch v := v.(type) {
		case int64:
			all = append(all, max(v, math.MinInt64+1)-1, min(v, math.MaxInt64-1)+1)
		case string:
			all = append(all, v+"\x00") // the next one by bytes
		}
	}
	return all
}
