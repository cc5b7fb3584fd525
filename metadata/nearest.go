package metadata

import "strings"

// Nearest finds the name that was probably meant: the one of least edit distance
// (letters added, left out, changed or swapped) if that is small for its length.
// Among equals the first in the alphabet wins.
func Nearest(name string, among []string) (string, bool) {
	const longest = 100
	if name == "" || len(name) > longest {
		return "", false
	}
	a := []rune(strings.ToLower(name))
	best, found := 1+max(min(1, len(a)-1), len(a)/3), "" // of one letter nothing would be left
	for _, candidate := range among {
		if len(candidate) > longest {
			continue
		}
		b := []rune(strings.ToLower(candidate))
		if d := len(a) - len(b); d > best || -d > best {
			continue
		}
		if d := distance(a, b); d < best || d == best && found != "" && candidate < found {
			best, found = d, candidate
		}
	}
	return found, found != ""
}

// Plain is a name as names are written here: in lower case, its words joined by "_".
func Plain(name string) string {
	return strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(name)))
}

// distance is the number of edits between two words; a swap of neighbours is one.
func distance(a, b []rune) int {
	before, previous, current := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range a {
		current[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				current[j+1] = min(current[j+1], before[j-1]+1)
			}
		}
		before, previous, current = previous, current, before
	}
	return previous[len(b)]
}
