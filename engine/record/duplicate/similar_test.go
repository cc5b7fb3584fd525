package duplicate

import "testing"

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
