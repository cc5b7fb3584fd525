package auth

import (
	"context"
	"crypto/sha256"
	"maps"
	"reflect"
	"slices"
	"time"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/policy"
	"formwork/engine/query"
	"formwork/engine/store"
)

// entry is what is remembered of a token.
type entry struct {
	tenant  string // its identity
	caller  *policy.Caller
	version int64 // of the user's record
	read    time.Time
	expires time.Time // zero: never
}

// Authenticate finds the caller that a token stands for. Fault "auth.invalid"
// (Unauthenticated) for whatever is not, or no longer, good. The answer is
// remembered for a second; what is revoked through this Service is forgotten
// at once.
func (s *Service) Authenticate(ctx context.Context, token string) (*policy.Caller, error) {
	caller, _, err := s.Admit(ctx, token)
	return caller, err
}

// Admit is Authenticate that also returns the tenant which the token is good for. Where
// that tenant was deleted after the token was seen to be good: fault "tenant.not_found".
func (s *Service) Admit(ctx context.Context, token string) (*policy.Caller, store.Tenant, error) {
	return s.admit(ctx, token, true)
}

// Holds is Authenticate that doesn't count as a use: a session ends as if the question had not
// been asked. For who only goes on being told something.
func (s *Service) Holds(ctx context.Context, token string) (*policy.Caller, error) {
	caller, _, err := s.admit(ctx, token, false)
	return caller, err
}

// admit finds the caller of a token. used: the session or key is used by that.
func (s *Service) admit(ctx context.Context, token string, used bool) (*policy.Caller, store.Tenant, error) {
	kind, tenant, ok := splitToken(token)
	if !ok || kind == deviceToken {
		return nil, nil, invalid()
	}
	key := digest(sha256.Sum256([]byte(token)))
	known, cached := s.callers.Get(key)
	t, err := s.store.Tenant(ctx, tenant)
	if err != nil {
		if !cached && fault.KindOf(err) == fault.NotFound {
			err = invalid()
		}
		return nil, nil, err
	}
	if cached && known.tenant != t.Identity() {
		cached = false // it was good for a former tenant of the name
	}
	now := s.now()
	if cached && now.Sub(known.read) < cacheLife && (known.expires.IsZero() || now.Before(known.expires)) {
		return known.caller, t, nil
	}
	if !cached {
		known = nil
	}
	caller, err := s.look(ctx, t, kind, key, known, used)
	return caller, t, err
}

// look reads what a token stands for, and remembers it. known is what was remembered, if
// anything was.
func (s *Service) look(ctx context.Context, t store.Tenant, kind string, key digest, known *entry, used bool) (*policy.Caller, error) {
	now := s.now()
	changes := s.changes.Load()
	read := s.readSession
	if kind == keyToken {
		read = s.readKey
	}
	fresh, err := read(ctx, t, key, now, used)
	if err != nil {
		s.callers.Remove(key)
		return nil, err
	}
	fresh.tenant = t.Identity()
	if known != nil && fresh.version == known.version && sameCaller(fresh.caller, known.caller) {
		fresh.caller = known.caller // so that what is cached by caller stays found
	}
	s.callers.Add(key, fresh)
	if s.changes.Load() != changes { // it may have been revoked while it was read
		s.callers.Remove(key)
	}
	return fresh.caller, nil
}

func invalid() *fault.Fault { return fault.New(fault.Unauthenticated, "auth.invalid") }

// sameCaller holds if two callers of one version of a user's record are alike. What is
// computed changes without a new version.
func sameCaller(a, b *policy.Caller) bool {
	return a.User == b.User && slices.Equal(a.Permissions, b.Permissions) && slices.Equal(a.Teams, b.Teams) &&
		maps.EqualFunc(a.Attributes, b.Attributes, func(x, y any) bool { return reflect.DeepEqual(x, y) })
}

// begin makes a session and removes the user's expired ones.
func (s *Service) begin(ctx context.Context, t store.Tenant, user id.ID) (string, error) {
	token, key, err := s.newToken(sessionToken, t.Name())
	if err != nil {
		return "", err
	}
	now := s.now()
	values := map[string]any{
		hashColumn.Name: key.String(), userColumn.Name: int64(user), createdColumn.Name: now.UnixMilli(),
		usedColumn.Name: now.UnixMilli(), expiresColumn.Name: now.Add(SessionLife).UnixMilli(),
	}
	old := query.All{query.Is(userColumn, int64(user)),
		query.Compare{Ref: query.Field(expiresColumn), Op: query.Le, Value: now.UnixMilli()}}
	session := s.ids.Next()
	err = t.Write(ctx, func(tx store.Tx) error {
		if _, err := tx.DeleteWhere(ctx, sessions, old); err != nil {
			return err
		}
		return tx.Insert(ctx, sessions, session, values, nil)
	})
	return token, err
}

// readSession reads the session of a digest and, if it is used, notes that.
func (s *Service) readSession(ctx context.Context, t store.Tenant, key digest, now time.Time, used bool) (*entry, error) {
	found, ok, err := row(ctx, t, sessions, query.Is(hashColumn, key.String()), query.ID, userColumn, createdColumn, usedColumn, expiresColumn)
	if err != nil {
		return nil, err
	}
	if !ok || !found.Time(expiresColumn).After(now) {
		return nil, invalid()
	}
	u, err := s.userByID(ctx, t, found.ID(userColumn))
	if err != nil {
		return nil, err
	}
	if u == nil || !u.active {
		return nil, invalid()
	}
	expires := found.Time(expiresColumn)
	if used && now.Sub(found.Time(usedColumn)) >= slideEvery {
		expires = now.Add(SessionLife)
		if last := found.Time(createdColumn).Add(sessionCap); expires.After(last) {
			expires = last
		}
		s.note(ctx, t, sessions, found.ID(query.ID),
			map[string]any{usedColumn.Name: now.UnixMilli(), expiresColumn.Name: expires.UnixMilli()})
	}
	return &entry{caller: u.caller, version: u.version, read: now, expires: expires}, nil
}

// note writes down that a session or key was used. If that fails the request goes
// on: the session merely lives as long as it did.
func (s *Service) note(ctx context.Context, t store.Tenant, table string, row id.ID, values map[string]any) {
	err := t.Write(ctx, func(tx store.Tx) error { return tx.Update(ctx, table, row, 0, values, nil) })
	if err != nil && fault.KindOf(err) != fault.Stale {
		s.log.Warn("noting the use of a session or key", "tenant", t.Name(), "error", err)
	}
}

// Logout ends the session of a token. No error if there is none; a key has none, and is not
// taken for ended: fault "auth.key_logout" (Invalid).
func (s *Service) Logout(ctx context.Context, token string) error {
	kind, tenant, ok := splitToken(token)
	switch {
	case !ok:
		return nil
	case kind == keyToken:
		return fault.New(fault.Invalid, "auth.key_logout")
	case kind != sessionToken:
		return nil
	}
	t, err := s.store.Tenant(ctx, tenant)
	if err != nil {
		return err
	}
	key := digest(sha256.Sum256([]byte(token)))
	err = t.Write(ctx, func(tx store.Tx) error {
		_, err := tx.DeleteWhere(ctx, sessions, query.Is(hashColumn, key.String()))
		return err
	})
	s.changes.Add(1)
	s.callers.Remove(key)
	return err
}

// Session is a session as its user sees it.
type Session struct {
	ID        id.ID
	CreatedAt time.Time
	UsedAt    time.Time
	ExpiresAt time.Time
}

// Sessions lists a user's live sessions, oldest first; at most 200.
func (s *Service) Sessions(ctx context.Context, t store.Tenant, user id.ID) ([]Session, error) {
	q := query.Select{Table: sessions, Limit: 200, Sort: []query.Order{{Ref: query.Field(query.ID)}},
		Filter: query.All{query.Is(userColumn, int64(user)),
			query.Compare{Ref: query.Field(expiresColumn), Op: query.Gt, Value: s.now().UnixMilli()}}}
	var all []Session
	for r, err := range store.Find(ctx, t, q, query.ID, createdColumn, usedColumn, expiresColumn) {
		if err != nil {
			return nil, err
		}
		all = append(all, Session{ID: r.ID(query.ID), CreatedAt: r.Time(createdColumn), UsedAt: r.Time(usedColumn), ExpiresAt: r.Time(expiresColumn)})
	}
	return all, nil
}

// RevokeSessions ends a user's sessions, all but that of the token keep ("" for none).
func (s *Service) RevokeSessions(ctx context.Context, t store.Tenant, user id.ID, keep string) error {
	filter := query.All{query.Is(userColumn, int64(user))}
	if keep != "" {
		kept := digest(sha256.Sum256([]byte(keep)))
		filter = append(filter, query.Compare{Ref: query.Field(hashColumn), Op: query.Ne, Value: kept.String()})
	}
	err := t.Write(ctx, func(tx store.Tx) error {
		_, err := tx.DeleteWhere(ctx, sessions, filter)
		return err
	})
	s.Forget(t.Name(), user)
	return err
}

// Forget makes the next request of users, or of their keys, be looked up anew. To be called
// when their records have changed. It implements write.Users.
func (s *Service) Forget(tenant string, users ...id.ID) {
	s.changes.Add(1)
	for _, key := range s.callers.Keys() {
		if e, ok := s.callers.Peek(key); ok && e.caller.Tenant == tenant && slices.Contains(users, e.caller.User) {
			s.callers.Remove(key)
		}
	}
}

// EndAccess ends in a transaction all that a user is let in by but the password: sessions
// and API keys, for good, and forgets the user's devices. Forget is to be called after the
// commit. It implements write.Users.
func (s *Service) EndAccess(ctx context.Context, tx store.Tx, user id.ID) error {
	for _, table := range []string{sessions, devices} {
		if _, err := tx.DeleteWhere(ctx, table, query.Is(userColumn, int64(user))); err != nil {
			return err
		}
	}
	usable := query.Select{Table: keys, Filter: query.All{query.Is(userColumn, int64(user)), query.Is(revokedColumn, nil)},
		Sort: []query.Order{{Ref: query.Field(query.ID)}}}
	var ended []id.ID
	for r, err := range store.Find(ctx, tx, usable, query.ID) {
		if err != nil {
			return err
		}
		ended = append(ended, r.ID(query.ID))
	}
	for _, key := range ended {
		if err := tx.Update(ctx, keys, key, 0, map[string]any{revokedColumn.Name: s.now().UnixMilli()}, nil); err != nil {
			return err
		}
	}
	return nil
}
