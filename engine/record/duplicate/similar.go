package duplicate

// similarity of two texts, from 0 to 1, by Jaro and Winkler (W. E. Winkler, "String
// Comparator Metrics and Enhanced Decision Rules in the Fellegi–Sunter Model of
// Record Linkage", 1990): made for names, where the beginning is seldom wrong.
func similarity(a, b string) float64 {
	if a == b {
		return 1
	}
	x, y := limitRunes(a), limitRunes(b)
	base := jaro(x, y)
	prefix := 0
	for prefix < 4 && prefix < len(x) && prefix < len(y) && x[prefix] == y[prefix] {
		prefix++
	}
	return base + float64(prefix)*0.1*(1-base)
}

// limitRunes bounds the work, which grows with the product of the lengths.
func limitRunes(s string) []rune {
	r := []rune(s)
	return r[:min(len(r), 200)]
}

// jaro counts characters that both texts have at nearly the same place, and those
// of them that come in another order.
func jaro(x, y []rune) float64 {
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	reach := max(0, max(len(x), len(y))/2-1)
	inX, inY := make([]bool, len(x)), make([]bool, len(y))
	common := 0
	for i, r := range x {
		for j := max(0, i-reach); j < min(len(y), i+reach+1); j++ {
			if !inY[j] && y[j] == r {
				inX[i], inY[j] = true, true
				common++
				break
			}
		}
	}
	if common == 0 {
		return 0
	}
	moved, j := 0, 0
	for i := range x {
		if !inX[i] {
			continue
		}
		for !inY[j] {
			j++
		}
		if x[i] != y[j] {
			moved++
		}
		j++
	}
	m := float64(common)
	return (m/float64(len(x)) + m/float64(len(y)) + (m-float64(moved)/2)/m) / 3
}
