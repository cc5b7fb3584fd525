package record

import (
	"math/big"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"
	"time"

	"formwork/engine/catalog"
	"formwork/metadata/fieldtype"
)

// quotient agrees with exact fractions, rounded half away from zero.
func TestQuotient(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		sum, n := random.Int64N(2_000_000)-1_000_000, random.Int64N(50)+1
		from, to := random.IntN(5), random.IntN(7)
		var w wide
		w.add(sum)
		got, err := w.quotient(n, from, to)
		if err != nil {
			t.Fatal(err)
		}
		scale := func(s int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s)), nil) }
		exact := new(big.Rat).SetFrac(big.NewInt(sum), new(big.Int).Mul(scale(from), big.NewInt(n)))
		want := exact.Mul(exact, new(big.Rat).SetInt(scale(to))).FloatString(0) // rounds half away from zero
		if text := big.NewInt(got.(int64)).String(); text != want && !(text == "0" && want == "-0") {
			t.Fatalf("%d (scale %d) / %d to scale %d: %s, want %s", sum, from, n, to, text, want)
		}
	}
	var w wide
	w.add(largest)
	if v, err := w.quotient(1, 0, 0); err != nil || v != int64(largest) {
		t.Errorf("%v %v", v, err)
	}
	w.add(1)
	if v, err := w.quotient(1, 0, 0); err == nil {
		t.Errorf("19 digits fit: %v", v)
	}
}

func TestSimilarity(t *testing.T) {
	for _, c := range []struct {
		a, b     string
		low, top float64
	}{
		{"", "", 1, 1}, {"a", "", 0, 0}, {"abc", "xyz", 0, 0}, {"titan", "titan", 1, 1},
		// The examples of Winkler's paper.
		{"martha", "marhta", 0.961, 0.962}, {"dwayne", "duane", 0.84, 0.841}, {"dixon", "dicksonx", 0.813, 0.814},
		{"北京科技", "北京科枝", 0.88, 0.9},
	} {
		for _, s := range []float64{similarity(c.a, c.b), similarity(c.b, c.a)} {
			if s < c.low || s > c.top {
				t.Errorf("%q %q: %.4f, want %.3f to %.3f", c.a, c.b, s, c.low, c.top)
			}
		}
	}
}

func TestCursors(t *testing.T) {
	values := []any{nil, int64(-5), "a\x00ü", true, false, int64(1) << 62}
	storages := []fieldtype.Storage{fieldtype.Int, fieldtype.Int, fieldtype.Text, fieldtype.Bool, fieldtype.Bool, fieldtype.Int}
	mark := fingerprint("a", "b")
	cursor := encodeCursor(mark, values)
	if got, err := decodeCursor(cursor, mark, storages); err != nil || !reflect.DeepEqual(got, values) {
		t.Fatalf("%v %v", got, err)
	}
	if fingerprint("ab", "") == mark {
		t.Error("two queries have one fingerprint")
	}
	swapped := append([]fieldtype.Storage{fieldtype.Text, fieldtype.Text}, storages[2:]...)
	for name, bad := range map[string]error{
		"other query":   second(decodeCursor(cursor, mark+1, storages)),
		"other columns": second(decodeCursor(cursor, mark, swapped)),
		"fewer columns": second(decodeCursor(cursor, mark, storages[1:])),
		"cut":           second(decodeCursor(cursor[:len(cursor)-3], mark, storages)),
		"no base64":     second(decodeCursor("%%%", mark, storages)),
	} {
		if bad == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func FuzzCursor(f *testing.F) {
	storages := []fieldtype.Storage{fieldtype.Text, fieldtype.Int}
	f.Add(encodeCursor(7, []any{"text", int64(9)}))
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		values, err := decodeCursor(cursor, 7, storages)
		if err != nil {
			return
		}
		for i, v := range values {
			switch v.(type) {
			case nil:
			case string:
				if storages[i] != fieldtype.Text {
					t.Fatal("a text in a number's place")
				}
			case int64:
				if storages[i] != fieldtype.Int {
					t.Fatal("a number in a text's place")
				}
			default:
				t.Fatalf("%T", v)
			}
		}
	})
}

// What is prepared for a snapshot goes when the snapshot does.
func TestPreparedIsLetGo(t *testing.T) {
	var cache preparedCache
	func() {
		s := &catalog.Snapshot{Objects: map[string]*catalog.Object{}}
		if first := cache.of(s); cache.of(s) != first {
			t.Fatal("prepared twice")
		}
		runtime.KeepAlive(s)
	}()
	for range 200 {
		runtime.GC()
		left := 0
		cache.bySnapshot.Range(func(_, _ any) bool { left++; return true })
		if left == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it is still there")
}
