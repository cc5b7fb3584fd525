package collaboration

import (
	"context"
	"encoding/json"
	"fmt"

	"formwork/engine/auth"
	"formwork/engine/catalog"
	"formwork/engine/id"
	"formwork/engine/outbox"
	"formwork/engine/query"
	"formwork/engine/record"
	"formwork/engine/store"
)

// keepUp moves what belongs to records that were merged, and removes what belongs to those that
// are gone for good. It may be done twice.
func (s *Service) keepUp(ctx context.Context, t store.Tenant, e *outbox.Event) error {
	switch e.Action {
	case string(record.Merged):
		for _, loser := range mergedIn(e) {
			for _, table := range ofRecords {
				if err := s.move(ctx, t, table, e.Object, loser, e.Record); err != nil {
					return err
				}
			}
		}
	case string(record.Purged):
		if err := s.remove(ctx, t, of(e.Object, e.Record), ofRecords); err != nil || e.Object != auth.UserObject {
			return err
		}
		return s.forget(ctx, t, e.Record)
	case catalog.Dropped:
		var members map[string]json.RawMessage
		if err := json.Unmarshal(e.Changes, &members); err == nil && len(members) == 0 { // the whole object, and no column of it
			return s.remove(ctx, t, query.Is(colObject, e.Object), ofRecords)
		}
	}
	return nil
}

// ofRecords are the tables whose rows belong to records.
var ofRecords = []string{commentTable, followTable, notificationTable}

// forget removes what belongs to a user who is gone for good: the records that they followed and
// what they were notified of. What they wrote stays.
func (s *Service) forget(ctx context.Context, t store.Tenant, user id.ID) error {
	if err := s.remove(ctx, t, query.Is(colUser, int64(user)), []string{followTable, notificationTable}); err != nil {
		return err
	}
	return t.Write(ctx, func(tx store.Tx) error { return tx.Delete(ctx, inboxTable, user) })
}

// mergedIn are the records that became part of that of an event.
func mergedIn(e *outbox.Event) (losers []id.ID) {
	var members map[string][]string
	if err := json.Unmarshal(e.Changes, &members); err != nil {
		return nil
	}
	for _, text := range members[record.MergedKey] {
		if loser, ok := id.Parse(text); ok {
			losers = append(losers, loser)
		}
	}
	return losers
}

// some yields the ids of some rows, and their users where they have any.
func some(ctx context.Context, from store.Reader, table string, filter query.Filter) (keys, users []id.ID, err error) {
	columns := []query.Column{query.ID}
	if table != commentTable {
		columns = append(columns, colUser)
	}
	q := query.Select{Table: table, Filter: filter, Sort: []query.Order{{Ref: query.Field(query.ID)}}, Limit: moveAtOnce}
	for r, err := range store.Find(ctx, from, q, columns...) {
		if err != nil {
			return nil, nil, fmt.Errorf("reading rows of %s: %w", table, err)
		}
		keys = append(keys, r.ID(query.ID))
		if table != commentTable {
			users = append(users, r.ID(colUser))
		}
	}
	return keys, users, nil
}

// move gives the rows of one record to another, some at a time. Who follows both follows once.
func (s *Service) move(ctx context.Context, t store.Tenant, table, object string, from, to id.ID) error {
	for more := true; more; {
		err := t.Write(ctx, func(tx store.Tx) error {
			keys, users, err := some(ctx, tx, table, of(object, from))
			if err != nil {
				return err
			}
			more = len(keys) == moveAtOnce
			for i, key := range keys {
				if table == followTable {
					_, both, err := store.First(ctx, tx, query.Select{Table: table, Filter: append(of(object, to), query.Is(colUser, int64(users[i])))}, query.ID)
					if err != nil {
						return err
					}
					if both {
						if err := tx.Delete(ctx, table, key); err != nil {
							return err
						}
						continue
					}
				}
				if err := tx.Update(ctx, table, key, 0, map[string]any{"record": int64(to)}, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("moving rows of %s to the record that took in theirs: %w", table, err)
		}
	}
	return nil
}

// remove removes rows of some tables, some at a time.
func (s *Service) remove(ctx context.Context, t store.Tenant, filter query.Filter, tables []string) error {
	for _, table := range tables {
		for more := true; more; {
			err := t.Write(ctx, func(tx store.Tx) error {
				keys, users, err := some(ctx, tx, table, filter)
				if err != nil {
					return err
				}
				more = len(keys) == moveAtOnce
				noted := map[id.ID]bool{}
				for i, key := range keys {
					if err := tx.Delete(ctx, table, key); err != nil {
						return err
					}
					if table != notificationTable || noted[users[i]] {
						continue
					}
					noted[users[i]] = true
					if err := s.noteChange(ctx, tx, users[i]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("removing rows of %s whose records are gone: %w", table, err)
			}
		}
	}
	return nil
}
