package store

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/metadata/fieldtype"
)

// A dump is a tenant's rows in a form that every store writes and reads. It is a line
// (dumpMagic) and then items, each with its length before it (uvarint):
//
//	f <format>          the stamp of the tenant's data, once, first
//	t <JSON>            a table, without its indexes; rows that follow are its
//	r <row>             a row: id, position, the value of each column, words
//	i <JSON>            the indexes of the table, behind its rows
//	e <number of rows>  the end, without which a dump is broken off
//
// Integers are varints, texts and JSON have their length before them. Of each value a
// byte says whether it is there, of a boolean what it is.

// FullRow is all that there is of a row, in stored form.
type FullRow struct {
	ID       id.ID
	Position int64    // of a log's row; 0 elsewhere
	Values   []any    // of the table's columns, in their order; nil is empty
	Words    []string // of a table with Search
}

// Named are the values of a row of a table, by column, as Tx.Insert and Tx.Update want them.
func (r FullRow) Named(t Table) map[string]any {
	values := make(map[string]any, len(t.Columns))
	for i, c := range t.Columns {
		values[c.Name] = r.Values[i]
	}
	return values
}

const (
	dumpMagic = "formwork dump 1\n"
	// maxItem bounds an item of a dump, in bytes: no store keeps a row that is larger.
	maxItem = 64 << 20
	// Rows that a Loader is given at once, by number and by bytes.
	loadRows  = 1000
	loadBytes = 8 << 20
)

const (
	itemFormat  = 'f'
	itemTable   = 't'
	itemRow     = 'r'
	itemIndexes = 'i'
	itemEnd     = 'e'
)

// Of the byte before a value.
const (
	valueEmpty = iota
	valueThere // of a boolean: false
	valueTrue
)

// ForeignDump is the fault of a Load of what no store wrote.
func ForeignDump() *fault.Fault { return fault.New(fault.Invalid, "store.foreign_dump") }

// dumpedColumn is a column as a dump names it.
type dumpedColumn struct {
	Name    string `json:"name"`
	Storage string `json:"storage"` // fieldtype.Storage.Tag
}

type dumpedTable struct {
	Name    string         `json:"name"`
	Columns []dumpedColumn `json:"columns"`
	Search  bool           `json:"search,omitempty"`
	Log     bool           `json:"log,omitempty"`
	End     int64          `json:"end,omitempty"` // of a log: see DumpWriter.Table
}

type dumpedIndex struct {
	Name    string              `json:"name"`
	Columns []dumpedIndexColumn `json:"columns"`
	Unique  bool                `json:"unique,omitempty"`
	Filled  bool                `json:"filled,omitempty"`
}

type dumpedIndexColumn struct {
	dumpedColumn
	Descending bool `json:"descending,omitempty"`
}

func dumpColumn(c query.Column) dumpedColumn { return dumpedColumn{c.Name, c.Storage.Tag()} }

// tagged are the storages by their tags.
var tagged = func() map[string]fieldtype.Storage {
	all := map[string]fieldtype.Storage{}
	for s := fieldtype.None; s <= fieldtype.JSON; s++ {
		all[s.Tag()] = s
	}
	return all
}()

func (c dumpedColumn) column() query.Column {
	return query.Column{Name: c.Name, Storage: tagged[c.Storage]}
}

// DumpWriter writes a dump: Format, then each table with its rows and its indexes, then End.
type DumpWriter struct {
	w     *bufio.Writer
	table Table
	item  []byte
	rows  int64
}

// NewDumpWriter begins a dump.
func NewDumpWriter(w io.Writer) *DumpWriter {
	d := &DumpWriter{w: bufio.NewWriterSize(w, 1<<16)}
	_, _ = d.w.WriteString(dumpMagic) // an error stays with the writer
	return d
}

// Format writes the stamp of the tenant's data.
func (d *DumpWriter) Format(format int) error {
	d.begin(itemFormat)
	d.item = binary.AppendUvarint(d.item, uint64(format))
	return d.end()
}

// Table begins a table. end is the highest position that a log has given, but for those of
// rows that follow; 0 of another table.
func (d *DumpWriter) Table(t Table, end int64) error {
	d.table = t
	out := dumpedTable{Name: t.Name, Search: t.Search, Log: t.Log, End: end, Columns: []dumpedColumn{}}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, dumpColumn(c))
	}
	return d.json(itemTable, out)
}

// Row writes a row of the table that was begun last.
func (d *DumpWriter) Row(r FullRow) error {
	d.begin(itemRow)
	d.item = binary.AppendVarint(d.item, int64(r.ID))
	d.item = binary.AppendVarint(d.item, r.Position)
	for i, c := range d.table.Columns {
		if !d.value(r.Values[i]) {
			return fmt.Errorf("dumping %s: column %s holds a %T", d.table.Name, c.Name, r.Values[i])
		}
	}
	d.texts(r.Words)
	d.rows++
	return d.end()
}

// Indexes writes the indexes of the table that was begun last. Every one that is not
// unique names its id, as stores differ in what they add by themselves.
func (d *DumpWriter) Indexes(indexes []Index) error {
	out := []dumpedIndex{}
	for _, index := range indexes {
		one := dumpedIndex{Name: index.Name, Unique: index.Unique, Filled: index.Filled}
		for _, c := range index.Columns {
			one.Columns = append(one.Columns, dumpedIndexColumn{dumpColumn(c.Column), c.Descending})
		}
		out = append(out, one)
	}
	return d.json(itemIndexes, out)
}

// End ends the dump.
func (d *DumpWriter) End() error {
	d.begin(itemEnd)
	d.item = binary.AppendUvarint(d.item, uint64(d.rows))
	if err := d.end(); err != nil {
		return err
	}
	if err := d.w.Flush(); err != nil {
		return fmt.Errorf("writing a dump: %w", err)
	}
	return nil
}

func (d *DumpWriter) begin(kind byte) { d.item = append(d.item[:0], kind) }

func (d *DumpWriter) end() error {
	var size [binary.MaxVarintLen64]byte
	_, err := d.w.Write(size[:binary.PutUvarint(size[:], uint64(len(d.item)))])
	if err == nil {
		_, err = d.w.Write(d.item)
	}
	if err != nil {
		return fmt.Errorf("writing a dump: %w", err)
	}
	return nil
}

func (d *DumpWriter) json(kind byte, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing a dump: %w", err)
	}
	d.begin(kind)
	d.item = append(d.item, raw...)
	return d.end()
}

func (d *DumpWriter) text(s string) {
	d.item = binary.AppendUvarint(d.item, uint64(len(s)))
	d.item = append(d.item, s...)
}

func (d *DumpWriter) texts(list []string) {
	d.item = binary.AppendUvarint(d.item, uint64(len(list)))
	for _, s := range list {
		d.text(s)
	}
}

// value writes a value; false if it is not in stored form.
func (d *DumpWriter) value(v any) bool {
	if v == nil {
		d.item = append(d.item, valueEmpty)
		return true
	}
	if v == true {
		d.item = append(d.item, valueTrue)
		return true
	}
	d.item = append(d.item, valueThere)
	switch v := v.(type) {
	case bool:
	case int64:
		d.item = binary.AppendVarint(d.item, v)
	case string:
		d.text(v)
	case []string:
		d.texts(v)
	case json.RawMessage:
		d.text(string(v))
	default:
		return false
	}
	return true
}

// Loader takes what a dump holds, in its order.
type Loader interface {
	// Stamp is given the format of the data.
	Stamp(format int) error
	// Table begins a table, without its indexes. end is the highest position that a log has
	// given, but for those of rows that follow; 0 of another table.
	Table(t Table, end int64) error
	// Rows are some of the table's. They may be kept.
	Rows(rows []FullRow) error
	// Indexes ends the table, all of whose rows were given.
	Indexes(indexes []Index) error
}

// ReadDump gives a loader what a dump holds. Fault "store.foreign_dump" (Invalid) for what
// no store wrote. The loader's errors are returned as they are.
func ReadDump(r io.Reader, to Loader) error {
	in := &dumpReader{r: bufio.NewReaderSize(r, 1<<16), to: to}
	magic := make([]byte, len(dumpMagic))
	if _, err := io.ReadFull(in.r, magic); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ForeignDump()
	} else if err != nil {
		return fmt.Errorf("reading a dump: %w", err)
	}
	if string(magic) != dumpMagic {
		return ForeignDump()
	}
	for {
		if ended, err := in.next(); ended || err != nil {
			return err
		}
	}
}

type dumpReader struct {
	r     *bufio.Reader
	to    Loader
	table *Table
	rows  int64
	batch []FullRow
	bytes int
}

// next reads an item; ended: it was the last.
func (d *dumpReader) next() (ended bool, err error) {
	size, err := binary.ReadUvarint(d.r)
	if err != nil {
		return false, fmt.Errorf("reading a dump: %w", brokenOff(err))
	}
	if size == 0 || size > maxItem {
		return false, ForeignDump()
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(d.r, raw); err != nil {
		return false, fmt.Errorf("reading a dump: %w", brokenOff(err))
	}
	kind, item := raw[0], &dumpItem{rest: raw[1:]}
	if kind != itemRow {
		if err := d.flush(); err != nil {
			return false, err
		}
	}
	switch kind {
	case itemFormat:
		format := item.uvarint()
		if !item.whole() || format > 1<<30 {
			return false, ForeignDump()
		}
		return false, d.to.Stamp(int(format))
	case itemTable:
		return false, d.begin(item.rest)
	case itemRow:
		if d.table == nil {
			return false, ForeignDump()
		}
		row, ok := item.row(d.table)
		if !ok {
			return false, ForeignDump()
		}
		d.rows, d.batch, d.bytes = d.rows+1, append(d.batch, row), d.bytes+len(raw)
		if len(d.batch) == loadRows || d.bytes >= loadBytes {
			return false, d.flush()
		}
		return false, nil
	case itemIndexes:
		return false, d.indexes(item.rest)
	case itemEnd:
		if n := item.uvarint(); !item.whole() || n != uint64(d.rows) {
			return false, fmt.Errorf("loading rows: there are %d, the dump tells of %d", d.rows, n)
		}
		return true, nil
	}
	return false, ForeignDump()
}

// brokenOff tells of an end where there should be none.
func brokenOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func (d *dumpReader) begin(raw []byte) error {
	var in dumpedTable
	if err := json.Unmarshal(raw, &in); err != nil || in.Name == "" {
		return ForeignDump().Because(err)
	}
	t := Table{Name: in.Name, Search: in.Search, Log: in.Log}
	for _, c := range in.Columns {
		t.Columns = append(t.Columns, c.column())
	}
	d.table = &t
	return d.to.Table(t, in.End)
}

func (d *dumpReader) indexes(raw []byte) error {
	var in []dumpedIndex
	if err := json.Unmarshal(raw, &in); err != nil || d.table == nil {
		return ForeignDump().Because(err)
	}
	var indexes []Index
	for _, i := range in {
		index := Index{Name: i.Name, Unique: i.Unique, Filled: i.Filled}
		for _, c := range i.Columns {
			column := c.column()
			if c.Name == query.ID.Name {
				column = query.ID
			}
			index.Columns = append(index.Columns, IndexColumn{Column: column, Descending: c.Descending})
		}
		indexes = append(indexes, index)
	}
	return d.to.Indexes(indexes)
}

func (d *dumpReader) flush() error {
	if len(d.batch) == 0 {
		return nil
	}
	rows := d.batch
	d.batch, d.bytes = nil, 0
	return d.to.Rows(rows)
}

// dumpItem is what is left of an item. Once something can't be read nothing more is.
type dumpItem struct {
	rest   []byte
	broken bool
}

func (i *dumpItem) whole() bool { return !i.broken && len(i.rest) == 0 }

func (i *dumpItem) uvarint() uint64 {
	n, size := binary.Uvarint(i.rest)
	i.skip(size)
	return n
}

func (i *dumpItem) varint() int64 {
	n, size := binary.Varint(i.rest)
	i.skip(size)
	return n
}

// skip passes what was read; size is not above 0 where it could not be.
func (i *dumpItem) skip(size int) {
	if i.broken = i.broken || size <= 0; i.broken {
		i.rest = nil
		return
	}
	i.rest = i.rest[size:]
}

func (i *dumpItem) text() string {
	n := i.uvarint()
	if n > uint64(len(i.rest)) {
		i.skip(0)
	}
	if i.broken {
		return ""
	}
	s := string(i.rest[:n])
	i.rest = i.rest[n:]
	return s
}

// texts reads a list, which is not nil. Each text takes a byte at least.
func (i *dumpItem) texts() []string {
	n := i.uvarint()
	if n > uint64(len(i.rest)) {
		i.skip(0)
		return nil
	}
	list := make([]string, n)
	for at := range list {
		list[at] = i.text()
	}
	return list
}

func (i *dumpItem) value(s fieldtype.Storage) any {
	if len(i.rest) == 0 {
		i.skip(0)
		return nil
	}
	there := i.rest[0]
	i.rest = i.rest[1:]
	switch {
	case there == valueEmpty:
		return nil
	case s == fieldtype.Bool:
		return there == valueTrue
	case s == fieldtype.Int:
		return i.varint()
	case s == fieldtype.Text:
		return i.text()
	case s == fieldtype.List:
		return i.texts()
	case s == fieldtype.JSON:
		return json.RawMessage(i.text())
	}
	i.skip(0)
	return nil
}

func (i *dumpItem) row(t *Table) (r FullRow, ok bool) {
	r.ID, r.Position = id.ID(i.varint()), i.varint()
	r.Values = make([]any, len(t.Columns))
	for at, c := range t.Columns {
		r.Values[at] = i.value(c.Storage)
	}
	if r.Words = i.texts(); len(r.Words) == 0 {
		r.Words = nil
	}
	return r, i.whole()
}
