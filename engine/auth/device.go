package auth

import (
	"context"
	"crypto/sha256"
	"time"

	"formwork/engine/id"
	"formwork/engine/query"
	"formwork/engine/store"
)

// A device is a browser in which a user has logged in before. Wrong passwords sent
// from it are counted apart from those of others, so that whoever knows no more than
// an e-mail can't keep its owner out by locking the account again and again. It proves
// nothing else: the password is asked for all the same.

// DeviceLife is how long a device is known after it was last logged in from.
const DeviceLife = 180 * 24 * time.Hour

// maxDevices of one user; the one that was not used for longest goes.
const maxDevices = 20

// counter is where the failures of a login are counted.
type counter struct {
	table string
	row   id.ID
}

// device finds a user's device by its token, and tells whether it is locked after wrong
// passwords; 0 for what is none of theirs.
func (s *Service) device(ctx context.Context, t store.Tenant, user id.ID, token string) (device id.ID, locked bool, err error) {
	kind, tenant, ok := splitToken(token)
	if !ok || kind != deviceToken || tenant != t.Name() {
		return 0, false, nil
	}
	hash := digest(sha256.Sum256([]byte(token)))
	found, ok, err := row(ctx, t, devices, query.All{query.Is(hashColumn, hash.String()), query.Is(userColumn, int64(user)),
		query.Compare{Ref: query.Field(expiresColumn), Op: query.Gt, Value: s.now().UnixMilli()}}, query.ID, lockedColumn)
	if err != nil || !ok {
		return 0, false, err
	}
	return found.ID(query.ID), found.Int(lockedColumn) > s.now().UnixMilli(), nil
}

// remember notes that a user logged in on a device, and makes one where there is none
// yet. It returns the token of a new one.
func (s *Service) remember(ctx context.Context, t store.Tenant, user, known id.ID) (string, error) {
	now := s.now()
	used := map[string]any{usedColumn.Name: now.UnixMilli(), expiresColumn.Name: now.Add(DeviceLife).UnixMilli()}
	if known != 0 {
		s.note(ctx, t, devices, known, used)
		return "", nil
	}
	token, hash, err := s.newToken(deviceToken, t.Name())
	if err != nil {
		return "", err
	}
	used[hashColumn.Name], used[userColumn.Name], used[failuresColumn.Name] = hash.String(), int64(user), int64(0)
	made := s.ids.Next()
	return token, t.Write(ctx, func(tx store.Tx) error {
		q := query.Select{Table: devices, Filter: query.Is(userColumn, int64(user)), Limit: maxDevices,
			Sort: []query.Order{{Ref: query.Field(usedColumn)}, {Ref: query.Field(query.ID)}}}
		n, oldest := 0, id.ID(0)
		for r, err := range store.Find(ctx, tx, q, query.ID) {
			if err != nil {
				return err
			}
			if n++; n == 1 {
				oldest = r.ID(query.ID)
			}
		}
		if n == maxDevices {
			if err := tx.Delete(ctx, devices, oldest); err != nil {
				return err
			}
		}
		return tx.Insert(ctx, devices, made, used, nil)
	})
}
