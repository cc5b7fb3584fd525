package read

import (
	"formwork/engine/query"
	"formwork/engine/record/session"
	"formwork/engine/record/stored"
	"formwork/engine/search"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

// wordCheck holds what a store finds by words against the fields that the caller may
// read, so that no field makes a record findable for those who may not read it.
type wordCheck struct {
	words  []query.Word
	refs   []query.Ref // the searched fields that may be read
	of     []fieldtype.Value
	offset int // where they are in a row
}

// newWordCheck returns nil if every searched field may be read.
func newWordCheck(a *session.Object, words []query.Word, offset int) *wordCheck {
	c := &wordCheck{words: words, offset: offset}
	for _, f := range a.Object.Search {
		if a.Reads(f) {
			c.refs, c.of = append(c.refs, query.Field(f.Column)), append(c.of, f.Value)
		}
	}
	if len(c.refs) == len(a.Object.Search) {
		return nil
	}
	return c
}

// at is the check of rows that hold the fields elsewhere.
func (c *wordCheck) at(offset int) *wordCheck {
	moved := *c
	moved.offset = offset
	return &moved
}

func (c *wordCheck) holds(r store.Row) bool {
	var texts []string
	for i := range c.refs {
		texts = stored.AppendTexts(texts, c.of[i], r[c.offset+i])
	}
	return search.Match(search.Words(texts...), c.words)
}
