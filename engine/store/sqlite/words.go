package sqlite

import (
	"strings"

	"formwork/engine/query"
)

// Words of a table are kept in an FTS5 table beside it, by the row's id. It stores
// nothing but the index (contentless), and of the index only which rows a word is
// in: there are no phrases to be found. The tokenizer splits at spaces alone,
// because words come ready made. Beginnings of two to eight characters are indexed
// like words: a search for one reads only the rows it shows (0.3 ms instead of 7
// where 8,000 rows have the word), for a fifth to a third more of a write's work.
const wordsOptions = `w, content='', contentless_delete=1, detail=none, prefix='2 3 4 5 6 7 8', tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* P* S* C*'"`

// wordsOf is the name of a table's table of words. No table of rows has a colon.
func wordsOf(table string) string { return table + ":words" }

// wordsSettings are those of a table of words. Each group of writes leaves a segment of the
// index, and segments have to be merged. FTS5 does that within commits, hundreds of pages at a
// time (automerge), so it is told not to, and the writer does it in its upkeep. Merging by
// eights instead of fours takes about a tenth off a write, for a search that may look into
// more segments. What was removed stays in its segment until it is a quarter of it
// (deletemerge): at a tenth, each 10,000 updates of 100,000 rows wrote the whole index anew.
var wordsSettings = []struct {
	name  string
	value int64
}{{"automerge", 0}, {"usermerge", 8}, {"deletemerge", 25}}

// createWords makes a table of words.
func createWords(c *conn, table string) error {
	if err := c.once("CREATE VIRTUAL TABLE " + quote(wordsOf(table)) + " USING fts5(" + wordsOptions + ")"); err != nil {
		return err
	}
	return setWords(c, table)
}

// setWords gives a table of words the settings that it lacks: one that was made by an older
// version has others.
func setWords(c *conn, table string) error {
	name := quote(wordsOf(table))
	has := map[string]int64{}
	err := c.fresh("SELECT k, v FROM "+quote(wordsOf(table)+"_config"), func(s *stmt) error { has[s.string(0)] = s.integer(1); return nil })
	if err != nil {
		return err
	}
	for _, setting := range wordsSettings {
		if value, ok := has[setting.name]; ok && value == setting.value {
			continue
		}
		if err := c.once("INSERT INTO "+name+" ("+name+", rank) VALUES (?, ?)", setting.name, setting.value); err != nil {
			return err
		}
	}
	return nil
}

// mergeWords merges segments of a table of words, up to a number of pages.
func mergeWords(c *conn, table string, pages int64) error {
	name := quote(wordsOf(table))
	return c.exec("INSERT INTO "+name+" ("+name+", rank) VALUES ('merge', ?)", pages)
}

// match writes the words of a query in FTS5's language; false if there are none.
func match(words []query.Word) (string, bool) {
	var b strings.Builder
	for _, w := range words {
		for _, part := range strings.Fields(clean(w.Text)) {
			if b.Len() > 0 {
				b.WriteString(" AND ")
			}
			b.WriteString(quote(part)) // FTS5's strings are quoted as SQL's names are
			if w.Prefix {
				b.WriteString("*")
			}
		}
	}
	return b.String(), b.Len() > 0
}

// indexed writes the words of a row as the tokenizer takes them apart.
func indexed(words []string) string { return clean(strings.Join(words, " ")) }

// clean removes the zero byte, which ends a text for FTS5.
func clean(text string) string {
	if strings.IndexByte(text, 0) < 0 {
		return text
	}
	return strings.ReplaceAll(text, "\x00", "")
}
