package stored

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// Quotient agrees with exact fractions, rounded half away from zero.
func TestQuotient(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for range 20_000 {
		sum, n := random.Int64N(2_000_000)-1_000_000, random.Int64N(50)+1
		from, to := random.IntN(5), random.IntN(7)
		var w Sum
		w.Add(sum)
		got, err := w.Quotient(n, from, to)
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
	var w Sum
	w.Add(largest)
	if v, err := w.Quotient(1, 0, 0); err != nil || v != int64(largest) {
		t.Errorf("%v %v", v, err)
	}
	w.Add(1)
	if v, err := w.Quotient(1, 0, 0); err == nil {
		t.Errorf("19 digits fit: %v", v)
	}
}
