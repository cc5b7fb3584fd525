// Package id is the identity of a record: 63 bits, ordered by time of making.
// The upper 42 bits are milliseconds since 2020 (enough until 2159), the lower
// 21 start at a random place each millisecond and count up. Two nodes may, very
// rarely, make the same id; the primary key refuses the second, and its maker
// takes another.
package id

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"time"
)

// ID is a record's identity. The zero ID is none. Stores keep it as an int64;
// outside it is written as 13 characters that sort as the numbers do.
type ID int64

const (
	alphabet  = "0123456789abcdefghjkmnpqrstvwxyz" // Crockford's base 32, lower case
	length    = 13
	countBits = 21
)

// Pattern is a regular expression of the outside form of an id.
const Pattern = "^[0-7][0-9a-hjkmnp-tv-z]{12}$"

// epoch is 2020-01-01T00:00:00Z in Unix milliseconds.
const epoch = 1577836800000

var digit = func() (d [256]int8) {
	for i := range d {
		d[i] = -1
	}
	for i := range len(alphabet) {
		d[alphabet[i]] = int8(i)
	}
	return d
}()

// String is the outside form, "" for the zero ID.
func (i ID) String() string {
	if i == 0 {
		return ""
	}
	return string(i.Append(make([]byte, 0, length)))
}

// Append appends the outside form.
func (i ID) Append(dst []byte) []byte {
	var b [length]byte
	v := uint64(i)
	for p := length - 1; p >= 0; p-- {
		b[p] = alphabet[v&31]
		v >>= 5
	}
	return append(dst, b[:]...)
}

// Time is when the id was made, to the millisecond.
func (i ID) Time() time.Time { return time.UnixMilli(int64(i)>>countBits + epoch).UTC() }

// At is lower than every id made from a time on, and higher than those made before
// its millisecond.
func At(t time.Time) ID { return ID((t.UnixMilli() - epoch) << countBits) }

// Parse reads the outside form; ok is false for anything else.
func Parse(s string) (i ID, ok bool) {
	if len(s) != length {
		return 0, false
	}
	var v uint64
	for p := range length {
		d := digit[s[p]]
		if d < 0 || (p == 0 && d > 7) {
			return 0, false
		}
		v = v<<5 | uint64(d)
	}
	return ID(v), v != 0
}

// Named is the id of what is known by a name instead of when it was made: it is the same
// for the same name everywhere. A Source makes none of these before 2089.
func Named(name string) ID {
	sum := sha256.Sum256([]byte(name))
	return 1<<62 | ID(binary.BigEndian.Uint64(sum[:])>>2)
}

// Source makes ids that rise strictly; safe for concurrent use.
type Source struct {
	now    func() time.Time
	random func() uint32

	mu   sync.Mutex
	last int64
}

// NewSource takes its time and its random numbers from outside, so that a test
// or a replay gets the same ids again.
func NewSource(now func() time.Time, random func() uint32) *Source {
	return &Source{now: now, random: random}
}

// Next returns a new id, greater than every one before it.
func (s *Source) Next() ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := s.now().UnixMilli() - epoch
	if next := ms << countBits; next > s.last {
		// Half of the counter's room stays free for the rest of this millisecond.
		s.last = next | int64(s.random()&(1<<(countBits-1)-1))
	} else {
		s.last++
	}
	return ID(s.last)
}
