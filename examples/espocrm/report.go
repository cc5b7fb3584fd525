package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// report counts what was translated, and what was left with the reason.
type report struct {
	done map[string]int
	left map[leaving][]string // places
}

// leaving is a construct that was left, and why.
type leaving struct{ construct, reason string }

func newReport() *report { return &report{done: map[string]int{}, left: map[leaving][]string{}} }

func (r *report) translated(construct string) { r.done[construct]++ }

func (r *report) leave(construct, reason string, place ...string) {
	key := leaving{construct, reason}
	r.left[key] = append(r.left[key], strings.Join(place, "."))
}

// places is how many places of a left construct are named.
const places = 6

// print writes two tables in Markdown.
func (r *report) print(out io.Writer) {
	fmt.Fprint(out, "| translated | number |\n| --- | ---: |\n")
	for _, construct := range sortedKeys(r.done) {
		fmt.Fprintf(out, "| %s | %d |\n", construct, r.done[construct])
	}
	fmt.Fprint(out, "\n| left | number | why | where |\n| --- | ---: | --- | --- |\n")
	byName := func(a, b leaving) int {
		return cmp.Or(cmp.Compare(a.construct, b.construct), cmp.Compare(a.reason, b.reason))
	}
	for _, key := range slices.SortedFunc(maps.Keys(r.left), byName) {
		at := slices.Clone(r.left[key])
		number := len(at)
		slices.Sort(at)
		if at = slices.Compact(at); len(at) > places {
			at = append(at[:places], "…")
		}
		fmt.Fprintf(out, "| %s | %d | %s | %s |\n", key.construct, number, key.reason, strings.Join(at, ", "))
	}
}
