package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/record"
)

// Local saves in a store that this process has open.
type Local struct {
	// Session makes a session that may write everything; one is made for each call.
	Session func() *record.Session
	// Password gives a user a password.
	Password func(ctx context.Context, user id.ID, password string) error
}

var _ Target = Local{}

// Save implements Target.
func (l Local) Save(ctx context.Context, object string, records []Record) ([]id.ID, error) {
	ops := make([]record.Operation, len(records))
	for i, r := range records {
		ops[i] = record.Operation{Op: r.op(), ID: r.ID, At: r.At, Data: r.Data}
	}
	outcomes, err := l.Session().Bulk(ctx, object, ops, true)
	if err != nil {
		return nil, err
	}
	var undone *fault.Fault
	saved := make([]id.ID, len(outcomes))
	for i, o := range outcomes {
		switch {
		case o.Fault == nil:
		case o.Fault.Code == rolledBack:
			undone = o.Fault
		default:
			return nil, o.Fault
		}
		saved[i] = o.ID
	}
	if undone != nil {
		return nil, undone
	}
	return saved, nil
}

// op is what is done to the record.
func (r Record) op() string {
	if r.ID == 0 {
		return "create"
	}
	return "update"
}

// rolledBack is the code of operations that were undone because of another.
const rolledBack = "record.rolled_back"

// Numbers implements Target.
func (l Local) Numbers(ctx context.Context, object string, ids []id.ID, field string) (map[id.ID]json.Number, error) {
	page, err := l.Session().List(ctx, object, record.ListQuery{Filter: aboveZero(ids, field), Fields: []string{field}, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	items := make([]json.RawMessage, len(page.Items))
	for i, r := range page.Items {
		items[i] = r.AppendJSON(nil)
	}
	return numbers(items, field)
}

// Look implements Target.
func (l Local) Look(ctx context.Context, object string) (int64, id.ID, error) {
	page, err := l.Session().List(ctx, object, record.ListQuery{Fields: []string{"id"}, Limit: 1, Total: record.ExactTotal})
	if err != nil || len(page.Items) == 0 {
		return 0, 0, err
	}
	return *page.Total, page.Items[0].ID(), nil
}

// User implements Target.
func (l Local) User(ctx context.Context, email string) (id.ID, error) {
	page, err := l.Session().List(ctx, people, record.ListQuery{Filter: byEmail(email), Fields: []string{"id"}, Limit: 1})
	if err != nil || len(page.Items) == 0 {
		return 0, err
	}
	return page.Items[0].ID(), nil
}

// SetPassword implements Target.
func (l Local) SetPassword(ctx context.Context, user id.ID, password string) error {
	return l.Password(ctx, user, password)
}

// aboveZero is the filter of records that have a number above zero in a field.
func aboveZero(ids []id.ID, field string) string {
	quoted := make([]string, len(ids))
	for i, key := range ids {
		quoted[i] = strconv.Quote(key.String())
	}
	return field + " > 0 and id in [" + strings.Join(quoted, ",") + "]"
}

// numbers reads a field of records that came as JSON, by their ids.
func numbers(items []json.RawMessage, field string) (map[id.ID]json.Number, error) {
	found := map[id.ID]json.Number{}
	for _, raw := range items {
		var of struct{ ID string }
		var values map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(raw, &of), json.Unmarshal(raw, &values)); err != nil {
			return nil, fmt.Errorf("reading %s: %w", field, err)
		}
		key, ok := id.Parse(of.ID)
		if !ok {
			return nil, fmt.Errorf("reading %s: %q is no id", field, of.ID)
		}
		found[key] = json.Number(values[field])
	}
	return found, nil
}

func byEmail(email string) string { return "email == " + strconv.Quote(email) }

// Remote saves through the API of a server.
type Remote struct {
	// Call sends in, if it is not nil, as JSON to a path below /api/v1, and reads the
	// answer into out; an answer that is none of success is an error. The caller behind
	// it must be allowed to write everything.
	Call func(ctx context.Context, method, path string, in, out any) error
}

var _ Target = Remote{}

// Save implements Target.
func (r Remote) Save(ctx context.Context, object string, records []Record) ([]id.ID, error) {
	ops := make([]operation, len(records))
	for i, one := range records {
		ops[i] = operation{Op: one.op(), At: one.At, Data: one.Data}
		if one.ID != 0 {
			ops[i].ID = one.ID.String()
		}
	}
	return r.do(ctx, object, ops)
}

// Numbers implements Target.
func (r Remote) Numbers(ctx context.Context, object string, ids []id.ID, field string) (map[id.ID]json.Number, error) {
	var answer struct{ Items []json.RawMessage }
	query := url.Values{"filter": {aboveZero(ids, field)}, "fields": {field}, "limit": {strconv.Itoa(len(ids))}}
	if err := r.Call(ctx, "GET", address(object)+"?"+query.Encode(), nil, &answer); err != nil {
		return nil, err
	}
	return numbers(answer.Items, field)
}

// operation is one of a bulk.
type operation struct {
	Op   string         `json:"op"`
	ID   string         `json:"id,omitempty"`
	At   time.Time      `json:"at,omitzero"`
	Data map[string]any `json:"data"`
}

// do does all or none of some operations, and returns the ids of their records.
func (r Remote) do(ctx context.Context, object string, ops []operation) ([]id.ID, error) {
	var answer struct {
		Results []struct {
			ID      string `json:"id"`
			Problem *struct {
				Code   string          `json:"code"`
				Detail string          `json:"detail"`
				Errors json.RawMessage `json:"errors"`
			} `json:"problem"`
		} `json:"results"`
	}
	if err := r.Call(ctx, "POST", address(object)+"/bulk", map[string]any{"operations": ops, "atomic": true}, &answer); err != nil {
		return nil, err
	}
	if len(answer.Results) != len(ops) {
		return nil, fmt.Errorf("the server answers %d of %d operations", len(answer.Results), len(ops))
	}
	var undone error
	saved := make([]id.ID, len(ops))
	for i, result := range answer.Results {
		if p := result.Problem; p != nil {
			undone = fmt.Errorf("record %d: %s [%s] %s", i+1, p.Detail, p.Code, p.Errors)
			if p.Code != rolledBack {
				return nil, undone
			}
			continue
		}
		var ok bool
		if saved[i], ok = id.Parse(result.ID); !ok {
			return nil, fmt.Errorf("the server answers with %q as an id", result.ID)
		}
	}
	return saved, undone
}

// listing is the part of a list's answer that is looked at.
type listing struct {
	Items []struct {
		ID string `json:"id"`
	} `json:"items"`
	Total int64 `json:"total"`
}

func (l listing) first() id.ID {
	if len(l.Items) == 0 {
		return 0
	}
	key, _ := id.Parse(l.Items[0].ID)
	return key
}

// Look implements Target.
func (r Remote) Look(ctx context.Context, object string) (int64, id.ID, error) {
	var answer listing
	err := r.Call(ctx, "GET", address(object)+"?limit=1&count=exact&fields=id", nil, &answer)
	return answer.Total, answer.first(), err
}

// User implements Target.
func (r Remote) User(ctx context.Context, email string) (id.ID, error) {
	var answer listing
	err := r.Call(ctx, "GET", address(people)+"?limit=1&fields=id&filter="+url.QueryEscape(byEmail(email)), nil, &answer)
	return answer.first(), err
}

// SetPassword implements Target.
func (r Remote) SetPassword(ctx context.Context, user id.ID, password string) error {
	return r.Call(ctx, "PUT", "/users/"+user.String()+"/password", map[string]string{"password": password}, nil)
}

func address(object string) string { return "/records/" + url.PathEscape(object) }
