package auth

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata"
)

// Bounds of keys.
const (
	maxKeys    = 1000 // of a tenant, but for those that can't be used any more
	maxOwnKeys = 50   // of a user, likewise
	listedKeys = 5000
	maxKeyName = 200 // characters
)

// viaKey is how callers come who come with a key (policy.Caller.Via).
const viaKey = "key"

// revokedFor is how long a key that was revoked stays listed, at least.
const revokedFor = 90 * 24 * time.Hour

// Key is an API key without its secret. It acts for the user who made it, with
// that user's place in the role tree, and with permission sets of its own, as far as
// its maker could give them to it now.
type Key struct {
	ID          id.ID
	Name        string
	Permissions []string
	User        id.ID
	CreatedAt   time.Time
	UsedAt      *time.Time // within minutes
	ExpiresAt   *time.Time
	RevokedAt   *time.Time
}

// NewKey asks for a key.
type NewKey struct {
	Name        string
	Permissions []string
	ExpiresAt   *time.Time
}

// CreateKey makes a key that acts for the caller; its token is shown this once. Its
// permission sets are those that the caller holds, or may give to users. A key makes none: one
// that leaked would outlive its end and its revocation. Faults: "auth.key_by_key" (Forbidden);
// "auth.key_…" (Invalid), each with a pointer.
func (s *Service) CreateKey(ctx context.Context, t store.Tenant, by *policy.Caller, wanted NewKey) (token string, key Key, err error) {
	if by.Via == viaKey {
		return "", Key{}, fault.New(fault.Forbidden, "auth.key_by_key")
	}
	snapshot, err := s.catalog.Snapshot(ctx, t)
	if err != nil {
		return "", Key{}, err
	}
	now := s.now()
	var problems []*fault.Fault
	name := strings.TrimSpace(wanted.Name)
	if name == "" || utf8.RuneCountInString(name) > maxKeyName {
		problems = append(problems, fault.New(fault.Invalid, "auth.key_name", "limit", maxKeyName).At("/name"))
	}
	if wanted.ExpiresAt != nil && !wanted.ExpiresAt.After(now) {
		problems = append(problems, fault.New(fault.Invalid, "auth.key_expiry").At("/expires_at"))
	}
	if len(wanted.Permissions) == 0 {
		problems = append(problems, fault.New(fault.Invalid, "auth.key_permissions").At("/permissions"))
	}
	sets := slices.Compact(sorted(wanted.Permissions))
	grantable, err := s.grantable(ctx, t, by, sets)
	if err != nil {
		return "", Key{}, err
	}
	for _, set := range sets {
		if _, known := snapshot.Documents[metadata.Key{Kind: "permission", Name: set}]; !known {
			problems = append(problems, fault.New(fault.Invalid, "auth.key_unknown_permission", "name", set).At("/permissions"))
		} else if !slices.Contains(grantable, set) {
			problems = append(problems, fault.New(fault.Invalid, "auth.key_beyond", "name", set).At("/permissions"))
		}
	}
	if err := fault.All(fault.Invalid, "auth.key_invalid", problems); err != nil {
		return "", Key{}, err
	}
	token, hash, err := s.newToken(keyToken, t.Name())
	if err != nil {
		return "", Key{}, err
	}
	key = Key{ID: s.ids.Next(), Name: name, Permissions: sets, User: by.User, CreatedAt: now.UTC().Truncate(time.Millisecond), ExpiresAt: wanted.ExpiresAt}
	values := map[string]any{hashColumn.Name: hash.String(), nameColumn.Name: name, permissionsColumn.Name: sets,
		userColumn.Name: int64(by.User), createdColumn.Name: now.UnixMilli()}
	if wanted.ExpiresAt != nil {
		values[expiresColumn.Name] = wanted.ExpiresAt.UnixMilli()
	}
	forgotten := query.Compare{Ref: query.Field(revokedColumn), Op: query.Lt, Value: now.Add(-revokedFor).UnixMilli()}
	err = t.Write(ctx, func(tx store.Tx) error {
		if _, err := tx.DeleteWhere(ctx, keys, forgotten); err != nil {
			return err
		}
		if err := roomForKey(ctx, tx, by.User, now); err != nil {
			return err
		}
		return tx.Insert(ctx, keys, key.ID, values, nil)
	})
	return token, key, err
}

// roomForKey refuses a key too many, of a user or of the tenant. Fault "auth.key_limit" or
// "auth.own_key_limit" (Conflict).
func roomForKey(ctx context.Context, r store.Reader, user id.ID, now time.Time) error {
	usable := query.All{query.Is(revokedColumn, nil), query.Any{query.Is(expiresColumn, nil),
		query.Compare{Ref: query.Field(expiresColumn), Op: query.Gt, Value: now.UnixMilli()}}}
	own, err := r.Count(ctx, keys, append(query.All{query.Is(userColumn, int64(user))}, usable...), nil, 0)
	if err != nil {
		return err
	}
	if own >= maxOwnKeys {
		return fault.New(fault.Conflict, "auth.own_key_limit", "limit", maxOwnKeys)
	}
	all, err := r.Count(ctx, keys, usable, nil, 0)
	if err == nil && all >= maxKeys {
		err = fault.New(fault.Conflict, "auth.key_limit", "limit", maxKeys)
	}
	return err
}

// grantable are those of some permission sets that a user may give to a key: those that
// they hold and, for who manages users, those that they may give to users.
func (s *Service) grantable(ctx context.Context, t store.Tenant, user *policy.Caller, sets []string) ([]string, error) {
	snapshot, err := s.catalog.Snapshot(ctx, t)
	if err != nil {
		return nil, err
	}
	rights, err := snapshot.Policies.Rights(ctx, user)
	if err != nil {
		return nil, err
	}
	var grantable []string
	for _, set := range sorted(sets) {
		holds := slices.Contains(user.Permissions, set)
		if !holds && rights.System["manage_users"] {
			beyond, err := snapshot.Policies.BeyondSet(ctx, user, set)
			if err != nil {
				return nil, err
			}
			holds = len(beyond) == 0
		}
		if holds {
			grantable = append(grantable, set)
		}
	}
	return grantable, nil
}

var keyColumns = []query.Column{query.ID, nameColumn, permissionsColumn, userColumn, createdColumn, usedColumn, expiresColumn, revokedColumn}

func keyOf(r store.Found) Key {
	return Key{ID: r.ID(query.ID), Name: r.Text(nameColumn), Permissions: r.List(permissionsColumn), User: r.ID(userColumn),
		CreatedAt: r.Time(createdColumn), UsedAt: instant(r, usedColumn), ExpiresAt: instant(r, expiresColumn), RevokedAt: instant(r, revokedColumn)}
}

// Keys lists the keys of a user, or with 0 of all users of the tenant, oldest first.
func (s *Service) Keys(ctx context.Context, t store.Tenant, of id.ID) ([]Key, error) {
	q := query.Select{Table: keys, Filter: ofUser(of), Limit: listedKeys, Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	var all []Key
	for r, err := range store.Find(ctx, t, q, keyColumns...) {
		if err != nil {
			return nil, err
		}
		all = append(all, keyOf(r))
	}
	return all, nil
}

// ofUser selects what is a user's; everything for 0.
func ofUser(user id.ID) query.Filter {
	if user == 0 {
		return nil
	}
	return query.Is(userColumn, int64(user))
}

// RevokeKey ends a key of a user, or with 0 of any, for good; it stays listed for a while. Fault
// "auth.key_not_found".
func (s *Service) RevokeKey(ctx context.Context, t store.Tenant, of, key id.ID) error {
	filter := query.All{query.Is(query.ID, int64(key))}
	if of != 0 {
		filter = append(filter, ofUser(of))
	}
	found, ok, err := row(ctx, t, keys, filter, userColumn, revokedColumn)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "auth.key_not_found")
	}
	if found.Has(revokedColumn) {
		return nil
	}
	values := map[string]any{revokedColumn.Name: s.now().UnixMilli()}
	if err := t.Write(ctx, func(tx store.Tx) error { return tx.Update(ctx, keys, key, 0, values, nil) }); err != nil {
		return err
	}
	s.Forget(t.Name(), found.ID(userColumn))
	return nil
}

// readKey reads the key of a digest and, if it is used, notes that.
func (s *Service) readKey(ctx context.Context, t store.Tenant, hash digest, now time.Time, used bool) (*entry, error) {
	found, ok, err := row(ctx, t, keys, query.Is(hashColumn, hash.String()), keyColumns...)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, invalid()
	}
	key := keyOf(found)
	if key.RevokedAt != nil || (key.ExpiresAt != nil && !key.ExpiresAt.After(now)) {
		return nil, invalid()
	}
	u, err := s.userByID(ctx, t, key.User)
	if err != nil {
		return nil, err
	}
	if u == nil || !u.active {
		return nil, invalid()
	}
	if used && (key.UsedAt == nil || now.Sub(*key.UsedAt) >= slideEvery) {
		s.note(ctx, t, keys, key.ID, map[string]any{usedColumn.Name: now.UnixMilli()})
	}
	sets, err := s.grantable(ctx, t, u.caller, key.Permissions)
	if err != nil {
		return nil, err
	}
	caller, err := s.limited(ctx, t, u.caller, sets)
	if err != nil {
		return nil, err
	}
	caller.Name, caller.Via = key.Name, viaKey
	e := &entry{caller: caller, version: u.version, read: now}
	if key.ExpiresAt != nil {
		e.expires = *key.ExpiresAt
	}
	return e, nil
}
