package approval

import (
	"context"
	"fmt"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// MaxListed is how many requests are listed at a time.
const MaxListed = 100

// newest is the order in which requests are listed.
var newest = []query.Order{{Ref: query.Field(query.ID), Descending: true}}

// Get reads a request. Fault "approval.unknown" (NotFound).
func Get(ctx context.Context, from store.Reader, key id.ID) (*Request, error) {
	found, err := find(ctx, from, query.Select{Filter: query.Is(query.ID, int64(key))})
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "approval.unknown")
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// Of is somebody who is asked, by Person.ID, and what. Fault "approval.unknown" (NotFound).
func Of(ctx context.Context, from store.Reader, person id.ID) (*Request, *Person, error) {
	row, found, err := store.First(ctx, from, query.Select{Table: personTable, Filter: query.Is(query.ID, int64(person))}, colRequest)
	if err != nil {
		return nil, nil, fmt.Errorf("reading who is asked: %w", err)
	}
	if found {
		r, err := Get(ctx, from, row.ID(colRequest))
		if err != nil {
			return nil, nil, err
		}
		for i := range r.People {
			if r.People[i].ID == person {
				return r, &r.People[i], nil
			}
		}
	}
	return nil, nil, fault.New(fault.NotFound, "approval.unknown")
}

// OfRecord are the newest requests about a record.
func OfRecord(ctx context.Context, from store.Reader, object string, record id.ID, limit int) ([]*Request, error) {
	return find(ctx, from, query.Select{Filter: of(object, record), Sort: newest, Limit: min(limit, MaxListed)})
}

// OfUser are the newest requests that wait for somebody's answer.
func OfUser(ctx context.Context, from store.Reader, user id.ID) ([]*Request, error) {
	asked := query.All{query.Is(colUser, int64(user)), query.Is(colState, Asked)}
	var keys []any
	for f, err := range store.Find(ctx, from, query.Select{Table: personTable, Filter: asked, Sort: newest, Limit: MaxListed}, colRequest) {
		if err != nil {
			return nil, fmt.Errorf("reading what a user is asked: %w", err)
		}
		keys = append(keys, f.Int(colRequest))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	return find(ctx, from, query.Select{Filter: query.In{Ref: query.Field(query.ID), Values: keys}, Sort: newest})
}

// Locked reports whether people don't change a record, since a request about it is pending.
func Locked(ctx context.Context, from store.Reader, object string, record id.ID) (bool, error) {
	locks := append(of(object, record), query.Is(colLocks, true), query.Is(colState, Pending))
	_, locked, err := store.First(ctx, from, query.Select{Table: requestTable, Filter: locks}, query.ID)
	if err != nil {
		return false, fmt.Errorf("reading whether a record waits for approval: %w", err)
	}
	return locked, nil
}

// of selects what is of a record.
func of(object string, record id.ID) query.All {
	return query.All{query.Is(colRecord, int64(record)), query.Is(colObject, object)}
}
