package backup

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"formwork/engine/id"
)

// Rule says which copies are kept: the newest of each of the last so many hours, days
// and weeks that have one, by UTC. The newest of all is always kept.
type Rule struct{ Hours, Days, Weeks int }

var rulePart = regexp.MustCompile(`^([0-9]{1,5})([hdw])$`)

// ParseRule reads a rule such as 24h,7d,4w.
func ParseRule(text string) (r Rule, err error) {
	for part := range strings.SplitSeq(text, ",") {
		found := rulePart.FindStringSubmatch(part)
		if found == nil {
			return r, fmt.Errorf("%q is no rule for keeping copies; one is 24h,7d,4w: the newest of 24 hours, 7 days and 4 weeks", text)
		}
		n, err := strconv.Atoi(found[1])
		if err != nil {
			return r, err
		}
		switch found[2] {
		case "h":
			r.Hours = n
		case "d":
			r.Days = n
		case "w":
			r.Weeks = n
		}
	}
	return r, nil
}

// kept are those of the copies, the newest first, that the rule keeps.
func (r Rule) kept(all []*Copy) []*Copy {
	periods := []struct {
		most int
		of   func(at time.Time) any
	}{
		{r.Hours, func(at time.Time) any { return at.Truncate(time.Hour) }},
		{r.Days, func(at time.Time) any { return at.Truncate(24 * time.Hour) }},
		{r.Weeks, func(at time.Time) any { year, week := at.ISOWeek(); return [2]int{year, week} }},
	}
	seen := make([]map[any]bool, len(periods))
	var kept []*Copy
	for i, c := range all {
		keep := i == 0
		for p, period := range periods {
			if seen[p] == nil {
				seen[p] = map[any]bool{}
			}
			in := period.of(c.Taken.UTC())
			if !seen[p][in] && len(seen[p]) < period.most {
				seen[p][in], keep = true, true
			}
		}
		if keep {
			kept = append(kept, c)
		}
	}
	return kept
}

// blobBits is the size of the filter that Prune remembers blobs with: 1 MiB.
const blobBits = 8 << 20

// Prune removes the copies of a tenant that the rule does not keep, with the blobs that no
// other copy has, and says how many copies went. Nobody takes a copy of the tenant
// meanwhile. In memory blobs are told apart by a part of their keys, so that of very many
// a few stay until later.
func (k *Keeper) Prune(ctx context.Context, tenant string, r Rule) (removed int, err error) {
	all, err := k.Copies(ctx, tenant)
	if err != nil {
		return 0, err
	}
	kept := map[*Copy]bool{}
	for _, c := range r.kept(all) {
		kept[c] = true
	}
	if len(kept) == len(all) {
		return 0, nil
	}
	for _, c := range all {
		if kept[c] {
			continue
		}
		for _, name := range []string{manifestName, rowsName, blobsName} { // no copy without its manifest
			if err := k.Place.Remove(ctx, c.file(name)); err != nil {
				return removed, fmt.Errorf("removing an old copy: %w", err)
			}
		}
		removed++
	}
	named := make([]uint64, blobBits/64)
	bit := func(key id.ID) (int, uint64) {
		h := uint64(key) * 0x9e3779b97f4a7c15 >> 41 // the upper 23 bits: blobBits
		return int(h / 64), 1 << (h % 64)
	}
	for c := range kept {
		if err := k.lines(ctx, c, func(l line) error { at, b := bit(l.key); named[at] |= b; return nil }); err != nil {
			return removed, err // what is named can't be known: no blob goes
		}
	}
	for name, err := range k.Place.Names(ctx, path.Join(tenant, blobsFolder)+"/") {
		if err != nil {
			return removed, fmt.Errorf("listing the blobs of copies: %w", err)
		}
		key, ok := id.Parse(strings.TrimSuffix(path.Base(name), ".zst"))
		if at, b := bit(key); !ok || named[at]&b != 0 {
			continue
		}
		if err := k.Place.Remove(ctx, name); err != nil {
			return removed, fmt.Errorf("removing the blob of an old copy: %w", err)
		}
	}
	return removed, nil
}
