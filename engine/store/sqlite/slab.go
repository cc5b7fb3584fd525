package sqlite

import "unsafe"

// slab makes the values of rows, many in one piece of memory: a value that is made by
// itself takes one or two pieces, and a page of records has hundreds. What is kept of a row
// keeps the pieces that it lies in, each of 8 KiB at most.
type slab struct {
	integers []int64
	strings  []string
	bytes    []byte // of the strings
	many     bool   // values are expected; before, each is made by itself
	// How much of them is taken, and never changed again.
	integersTaken, stringsTaken, bytesTaken int
}

// Sizes of pieces, each twice as large as the one before.
const (
	firstValues, mostValues = 32, 256
	firstBytes, mostBytes   = 1 << 10, 8 << 10
)

// larger is the size of the piece after one.
func larger(size, first, most int) int { return min(max(2*size, first), most) }

// integer is a number as a row holds it.
func (s *slab) integer(n int64) any {
	if !s.many || n >= 0 && n < 256 { // which take no memory
		return n
	}
	if s.integersTaken == len(s.integers) {
		s.integers, s.integersTaken = make([]int64, larger(len(s.integers), firstValues, mostValues)), 0
	}
	at := &s.integers[s.integersTaken]
	s.integersTaken++
	*at = n
	return held(at)
}

// text is a text as a row holds it, copied from raw.
func (s *slab) text(raw []byte) any {
	if !s.many || len(raw) == 0 || len(raw) > mostBytes/8 {
		return string(raw)
	}
	if s.stringsTaken == len(s.strings) {
		s.strings, s.stringsTaken = make([]string, larger(len(s.strings), firstValues, mostValues)), 0
	}
	if len(s.bytes)-s.bytesTaken < len(raw) {
		s.bytes, s.bytesTaken = make([]byte, larger(len(s.bytes), firstBytes, mostBytes)), 0
	}
	at := &s.strings[s.stringsTaken]
	s.stringsTaken++
	*at = unsafe.String(&s.bytes[s.bytesTaken], copy(s.bytes[s.bytesTaken:], raw))
	s.bytesTaken += len(raw)
	return held(at)
}

// held is an interface that holds what p points to, which is never changed again. The
// compiler would have a copy made. An interface is two words: a type, and a pointer to the
// value where that is no pointer itself.
func held[T int64 | string](p *T) any {
	var zero T
	v := any(zero)
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1] = unsafe.Pointer(p)
	return v
}
