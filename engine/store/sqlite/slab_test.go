package sqlite

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
)

// Values that lie together are what they would be by themselves, also after others were made
// and the garbage was collected.
func TestSlab(t *testing.T) {
	v := slab{many: true}
	var made, want []any
	for n := range 5000 {
		raw := []byte(strings.Repeat(fmt.Sprint("text ", n, "ä "), n%7))
		number := int64(n) * 7919
		switch n % 100 {
		case 0:
			raw = []byte(strings.Repeat("long", 5000))
		case 1:
			number = math.MinInt64 + int64(n)
		}
		want = append(want, string(raw), number)
		made = append(made, v.text(raw), v.integer(number))
		clear(raw)
		if n%1000 == 0 {
			runtime.GC()
		}
	}
	for i := range want {
		if made[i] != want[i] {
			t.Fatalf("value %d is %v, want %v", i, made[i], want[i])
		}
	}
}

// A page of values takes few pieces of memory.
func TestSlabTakesFewPieces(t *testing.T) {
	raw := []byte("info17@alpha.example.com")
	taken := testing.AllocsPerRun(20, func() {
		v := slab{many: true}
		for n := range int64(500) {
			v.text(raw)
			v.integer(1_000_000 + n)
		}
	})
	if taken > 40 {
		t.Errorf("a thousand values take %.0f pieces of memory", taken)
	}
}
