package sqlite

import (
	"fmt"
	"slices"
	"strings"

	"formwork/engine/fault"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"

	lib "modernc.org/sqlite/lib"
)

// Declared types of columns. They have the affinities INTEGER and TEXT, and say
// which storage it was.
var declared = [...]string{fieldtype.Bool: "INTEGER BOOL", fieldtype.Int: "INTEGER", fieldtype.Text: "TEXT", fieldtype.List: "TEXT LIST", fieldtype.JSON: "TEXT JSON"}

func storageOf(declaration string) fieldtype.Storage {
	return fieldtype.Storage(max(0, slices.Index(declared[:], declaration)))
}

// tableInfo is what the writer knows of a table.
type tableInfo struct {
	name    string
	columns []query.Column // without id
	search  bool
	log     bool
	names   map[string]bool
	insert  string // the statement that sets every column
	append  string // the same at the end of a log

	inserted int // rows since statistics were last thought of
	enough   int // rows after which they are made anew

	unmerged   int  // bytes of words that changed since merging them was last thought of
	mergesOwed int  // pages of the index of words that are to be merged, if there is so much to merge
	wordsSet   bool // the index of words has its settings
}

// firstStatistics is the number of rows from which on a table is worth looking
// at. Below, SQLite's assumption that every index finds few rows does better than
// what a handful of rows say of the many that follow.
const firstStatistics = 20_000

// described is the table as others know it, without its indexes.
func (t *tableInfo) described() store.Table {
	return store.Table{Name: t.name, Columns: t.columns, Search: t.search, Log: t.log}
}

func (t *tableInfo) add(c query.Column) {
	t.columns = append(t.columns, c)
	if t.names == nil {
		t.names = map[string]bool{}
	}
	t.names[c.Name] = true
}

// unknown is a column of values that the table lacks, "" if it has them all.
func (t *tableInfo) unknown(values map[string]any) string {
	for name := range values {
		if !t.names[name] {
			return name
		}
	}
	return ""
}

// readTable looks a table up; nil if there is none.
func readTable(c *conn, name string) (*tableInfo, error) {
	t := &tableInfo{name: name, enough: firstStatistics}
	found := false
	err := c.each("SELECT name, type FROM pragma_table_info(?)", func(s *stmt) error {
		if column := s.string(0); column == query.ID.Name {
			found = true
		} else {
			t.add(query.Column{Name: column, Storage: storageOf(s.string(1))})
		}
		return nil
	}, name)
	if err != nil || !found {
		return nil, err
	}
	err = c.each("SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN (?, ?)", func(s *stmt) error {
		t.search, t.log = t.search || s.string(0) == wordsOf(name), t.log || s.string(0) == logOf(name)
		return nil
	}, wordsOf(name), logOf(name))
	t.insert, t.append = insertion(t, "?"), insertion(t, nextPosition(name))
	return t, err
}

// tableNames lists the tables of rows.
func tableNames(c *conn) (names []string, err error) {
	err = c.each("SELECT name FROM sqlite_schema WHERE type = 'table' AND instr(name, ':') = 0 AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
		func(s *stmt) error { names = append(names, s.string(0)); return nil })
	return names, err
}

// insertion is a statement that adds a row; key is its id, of the first parameter.
func insertion(t *tableInfo, key string) string {
	var b strings.Builder
	b.WriteString("INSERT INTO " + quote(t.name) + " (id")
	for _, c := range t.columns {
		b.WriteString(", " + quote(c.Name))
	}
	b.WriteString(") VALUES (" + key + strings.Repeat(", ?", len(t.columns)) + ")")
	return b.String()
}

// define makes a table, or what it lacks.
func define(c *conn, want store.Table) error {
	have, err := readTable(c, want.Name)
	if err != nil {
		return err
	}
	fresh := have == nil
	var added []string
	if fresh {
		have = &tableInfo{name: want.Name}
		var b strings.Builder
		b.WriteString("CREATE TABLE " + quote(want.Name) + " (id INTEGER PRIMARY KEY")
		for _, column := range want.Columns {
			if column.Name == query.ID.Name || have.names[column.Name] {
				continue
			}
			b.WriteString(", " + quote(column.Name) + " " + declared[column.Storage])
			have.add(column)
		}
		if err := c.once(b.String() + ")"); err != nil {
			return err
		}
	} else {
		for _, column := range want.Columns {
			if column.Name == query.ID.Name || have.names[column.Name] {
				continue
			}
			// Changes the schema alone: rows that lack a value are read as empty there.
			if err := c.once("ALTER TABLE " + quote(want.Name) + " ADD COLUMN " + quote(column.Name) + " " + declared[column.Storage]); err != nil {
				return err
			}
			have.add(column)
			added = append(added, column.Name)
		}
	}
	if want.Search && !have.search {
		if err := createWords(c, want.Name); err != nil {
			return err
		}
	}
	if want.Log && !have.log {
		if err := c.once("CREATE TABLE " + quote(logOf(want.Name)) + " (id INTEGER PRIMARY KEY)"); err != nil {
			return err
		}
	}
	if !fresh && len(added) == 0 {
		return nil
	}
	for _, index := range want.Indexes {
		var onNew []string
		for _, i := range index.Columns {
			if slices.Contains(added, i.Column.Name) {
				onNew = append(onNew, i.Column.Name)
			}
		}
		var err error
		switch {
		case fresh:
			err = createIndex(c, want.Name, index)
		case index.Unique && len(onNew) > 0:
			// A new column is empty everywhere: an index of the rows that have it is made
			// in a third of the time and refuses the same. Index makes it one of all rows.
			err = createIndex(c, want.Name, index, onNew...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// physicalIndex is the name of an index in the file, where all tables share one
// room of names.
func physicalIndex(table, index string) string { return table + "." + index }

// withoutKey returns an index without the id at its end: SQLite ends every index
// with it, ascending. Naming it would write it twice into each entry, a third of a
// short one.
func withoutKey(index store.Index) store.Index {
	last := len(index.Columns) - 1
	if !index.Unique && last > 0 && index.Columns[last].Column.Name == query.ID.Name && !index.Columns[last].Descending {
		index.Columns = index.Columns[:last]
	}
	return index
}

// withKey is an index as it is: with the id that SQLite ends it with.
func withKey(index store.Index) store.Index {
	isKey := func(c store.IndexColumn) bool { return c.Column.Name == query.ID.Name }
	if !index.Unique && !slices.ContainsFunc(index.Columns, isKey) {
		index.Columns = append(slices.Clip(index.Columns), store.IndexColumn{Column: query.ID})
	}
	return index
}

// createIndex makes an index, of the rows that have the filled columns.
func createIndex(c *conn, table string, index store.Index, filled ...string) error {
	index = withoutKey(index)
	if index.Filled {
		filled = append(filled, index.Columns[0].Column.Name)
	}
	var b strings.Builder
	b.WriteString("CREATE ")
	if index.Unique {
		b.WriteString("UNIQUE ")
	}
	b.WriteString("INDEX IF NOT EXISTS " + quote(physicalIndex(table, index.Name)) + " ON " + quote(table) + " (")
	for i, column := range index.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(column.Column.Name))
		if column.Descending {
			b.WriteString(" DESC")
		}
	}
	b.WriteString(")")
	for i, column := range filled {
		b.WriteString([]string{" WHERE ", " AND "}[min(i, 1)] + quote(column) + " IS NOT NULL")
	}
	err := c.once(b.String())
	if hasCode(err, lib.SQLITE_CONSTRAINT_UNIQUE) {
		return fault.New(fault.Conflict, "store.not_unique", "index", index.Name).Because(err)
	}
	return err
}

func dropIndex(c *conn, table, index string) error {
	return c.once("DROP INDEX IF EXISTS " + quote(physicalIndex(table, index)))
}

// readIndexes lists the indexes of a table, sorted by name, as they are: without the
// id at the end, but where an older version named it.
func readIndexes(c *conn, table string) ([]store.Index, error) {
	var indexes []store.Index
	err := c.each(`SELECT l.name, l."unique", x.name, x."desc", t.type, l.partial
		FROM pragma_index_list(?1) AS l, pragma_index_xinfo(l.name) AS x, pragma_table_info(?1) AS t
		WHERE l.origin = 'c' AND x.key AND t.name = x.name ORDER BY l.name, x.seqno`, func(s *stmt) error {
		name := strings.TrimPrefix(s.string(0), table+".")
		if len(indexes) == 0 || indexes[len(indexes)-1].Name != name {
			indexes = append(indexes, store.Index{Name: name, Unique: s.integer(1) != 0, Filled: s.integer(5) != 0})
		}
		last := &indexes[len(indexes)-1]
		column := query.Column{Name: s.string(2), Storage: storageOf(s.string(4))}
		last.Columns = append(last.Columns, store.IndexColumn{Column: column, Descending: s.integer(3) != 0})
		return nil
	}, table)
	return indexes, err
}

// serves reports whether an index that there is does for one that is wanted.
func serves(have, want store.Index) bool {
	have, want = withoutKey(have), withoutKey(want)
	return have.Name == want.Name && have.Unique == want.Unique && (want.Filled || !have.Filled) &&
		slices.EqualFunc(have.Columns, want.Columns, func(x, y store.IndexColumn) bool {
			return x.Column.Name == y.Column.Name && x.Descending == y.Descending
		})
}

// dropColumns removes columns and every index on one of them.
func dropColumns(c *conn, table string, columns []string) error {
	have, err := readTable(c, table)
	if err != nil || have == nil {
		return err
	}
	indexes, err := readIndexes(c, table)
	if err != nil {
		return err
	}
	for _, index := range indexes {
		if slices.ContainsFunc(index.Columns, func(i store.IndexColumn) bool { return slices.Contains(columns, i.Column.Name) }) {
			if err := dropIndex(c, table, index.Name); err != nil {
				return err
			}
		}
	}
	for _, column := range columns {
		if have.names[column] {
			if err := c.once("ALTER TABLE " + quote(table) + " DROP COLUMN " + quote(column)); err != nil {
				return err
			}
		}
	}
	return nil
}

func dropTable(c *conn, table string) error {
	for _, name := range []string{wordsOf(table), logOf(table), table} {
		if err := c.once("DROP TABLE IF EXISTS " + quote(name)); err != nil {
			return err
		}
	}
	return nil
}

// uniqueViolation finds the index that refused a row: SQLite names its columns.
func uniqueViolation(c *conn, table string, cause error) error {
	f := fault.New(fault.Conflict, "store.not_unique").Because(cause)
	indexes, err := readIndexes(c, table)
	if err != nil {
		return fmt.Errorf("finding the index that refused a row: %w", err)
	}
	for _, index := range indexes {
		var names []string
		for _, column := range index.Columns {
			names = append(names, table+"."+column.Column.Name)
		}
		if index.Unique && strings.HasSuffix(cause.Error(), "UNIQUE constraint failed: "+strings.Join(names, ", ")) {
			f.Params = map[string]any{"index": index.Name}
		}
	}
	return f
}
