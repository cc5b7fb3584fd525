// Package page reads all that the page of a record shows when it is opened: the record,
// what may be done with it, and the beginnings of its related lists.
package page

import (
	"context"
	"fmt"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/record/form"
	"formwork/engine/record/read"
	"formwork/engine/record/session"
)

// Bounds of one page. What goes beyond them is left out, and can be asked for by itself.
const (
	MaxLists  = 20      // related lists
	ListRows  = 10      // records of each
	Changes   = 20      // entries of the history
	listBytes = 2 << 20 // of all of their records, as JSON, about
)

// Query is what is asked of the page of a record.
type Query struct {
	Layout string // "": the one that fits
	Device string // that the layout is for; "": any
}

// Page is what the page of a record shows. What the caller may not read is absent.
type Page struct {
	Record read.Record
	Names  read.Names // of what the record refers to, and what its history does
	Layout *string    // nil: there is none
	Form   *form.Form // of the record as it is stored; nil: the caller may not change it
	Can    Can
	Lists  []List // that the layout shows with the record as it is stored, in order
	// History is its newest part.
	History *read.HistoryPage
}

// Can is what the caller may do with the record, as far as their rights decide.
type Can struct {
	Create bool `json:"create"` // another record of the object
	Update bool `json:"update"`
	Delete bool `json:"delete"`
	Merge  bool `json:"merge"` // other records into this one
}

// List is the beginning of a related list.
type List struct {
	Name      string
	Object    string
	Page      *read.Page
	CanCreate bool // a record in it
}

// Pages reads pages for one caller.
type Pages struct {
	session *session.Session
	reader  *read.Reader
	forms   *form.Forms
}

// New makes Pages of a session, its reader and its forms.
func New(s *session.Session, r *read.Reader, f *form.Forms) Pages {
	return Pages{session: s, reader: r, forms: f}
}

// Page reads what the page of a record shows. Faults: those of Get; record.unknown_layout;
// those of package budget.
func (p *Pages) Page(ctx context.Context, object string, key id.ID, q Query) (*Page, error) {
	found, err := p.reader.Get(ctx, object, key, nil)
	if err != nil {
		return nil, err
	}
	made := &Page{Record: found}
	shown, err := p.forms.Shown(ctx, object, key, form.Query{ID: key, Layout: q.Layout, Device: q.Device})
	if err != nil {
		return nil, err
	}
	asked := form.Query{ID: key, Device: q.Device}
	if shown.Layout != nil {
		made.Layout = &shown.Layout.Doc.Name
		asked.Layout = *made.Layout
	}
	made.Form, err = p.forms.Form(ctx, object, asked)
	if err != nil && fault.KindOf(err) != fault.Forbidden {
		return nil, err
	}
	if made.Can, err = p.can(ctx, object, key, made.Form != nil); err != nil {
		return nil, err
	}
	if shown.Layout != nil {
		if made.Lists, err = p.lists(ctx, key, shown); err != nil {
			return nil, err
		}
	}
	if made.History, err = p.reader.History(ctx, object, key, "", Changes); err != nil {
		return nil, err
	}
	return made, p.name(ctx, made)
}

// can is what the caller may do with a record that they may read.
func (p *Pages) can(ctx context.Context, object string, key id.ID, update bool) (c Can, err error) {
	c.Update = update
	if c.Create, err = p.allowed(ctx, object, policy.Create); err != nil {
		return c, err
	}
	deletes, err := p.allowed(ctx, object, policy.Delete)
	if err != nil || !deletes {
		return c, err
	}
	merges := p.session.DemandRight(ctx, "merge")
	if merges != nil && fault.KindOf(merges) != fault.Forbidden {
		return c, merges
	}
	c.Merge = update && merges == nil
	some, err := p.session.RecordFilter(ctx, object, policy.Delete)
	if err != nil {
		return c, err
	}
	table := p.session.Snapshot.Objects[object].Table.Name
	c.Delete, err = session.Exists(ctx, p.session.Tenant, table, query.And(query.Is(query.ID, int64(key)), some))
	return c, err
}

// allowed reports whether the caller may do something with records of an object.
func (p *Pages) allowed(ctx context.Context, object string, action policy.Action) (bool, error) {
	_, err := p.session.Object(ctx, object, action)
	if err != nil && fault.KindOf(err) == fault.Forbidden {
		return false, nil
	}
	return err == nil, err
}

// lists are the beginnings of the related lists that are shown.
func (p *Pages) lists(ctx context.Context, key id.ID, shown *form.Shown) ([]List, error) {
	var lists []List
	left := listBytes
	for _, of := range shown.Layout.Related {
		if len(lists) == MaxLists || left <= 0 {
			break
		}
		if !shown.Related[of.Name].Visible {
			continue
		}
		page, err := p.reader.RelatedBy(ctx, shown.Layout.Object.Doc.Name, key, of.Doc, read.ListQuery{Limit: ListRows, Bytes: left, Total: read.UsualTotal})
		if kind := fault.KindOf(err); err != nil && (kind == fault.Forbidden || kind == fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the related list %s: %w", of.Name, err)
		}
		list := List{Name: of.Name, Object: of.Doc.Object, Page: page}
		if list.CanCreate, err = p.canAdd(ctx, of); err != nil {
			return nil, err
		}
		lists, left = append(lists, list), left-page.Bytes
	}
	return lists, nil
}

// canAdd reports whether the caller may create a record in a related list.
func (p *Pages) canAdd(ctx context.Context, of *catalog.Related) (bool, error) {
	creates, err := p.allowed(ctx, of.Doc.Object, policy.Create)
	if err != nil || !creates {
		return false, err
	}
	a, err := p.session.AnyObject(ctx, of.Doc.Object)
	return err == nil && a.Writes(of.Doc.Lookup), err
}

// name tells what the records are called that the page refers to, by one query for each object.
func (p *Pages) name(ctx context.Context, made *Page) error {
	all := []read.Record{made.Record}
	for _, list := range made.Lists {
		all = append(all, list.Page.Items...)
	}
	names, err := p.reader.NamesWith(ctx, made.History.Items, all...)
	if err != nil {
		return err
	}
	for _, list := range made.Lists {
		if list.Page.Names, err = names.Among(list.Page.Items...); err != nil {
			return err
		}
	}
	made.Names, err = names.AmongWith(made.History.Items, made.Record)
	return err
}
