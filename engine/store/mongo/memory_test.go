package mongo_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/bson"
)

// memory is as much of a MongoDB behind mongos as unique keys need: documents in
// collections, transactions that see a snapshot and end where they write what another one
// has written since, unique indexes, and shards, over which it spreads no collection that
// has one.
type memory struct {
	server      *server
	now         int64 // counts commits
	collections map[string]map[string]*versions
	open        map[string]*opened // transactions
	indexes     map[string][]bson.D
	sharded     map[string]string // shard keys, by collection
	each        func()            // is called for each command, if not nil
	lifetime    time.Duration     // of transactions; for ever if 0
	slowly      time.Duration     // commits take, until the first that changes the registry
	most        int               // documents that a transaction writes to a collection before others end it; any number if 0
	refused     string            // the index that refused the last duplicate
}

// versions are what one document was, the last being what it is; nil: there is none.
type versions struct {
	at   []int64
	docs []bson.Raw
}

type opened struct {
	began    time.Time
	snapshot int64
	writes   map[string]map[string]bson.Raw // by collection and key
}

// withMemory has a server answer from memory.
func withMemory(s *server) *memory {
	m := &memory{server: s, collections: map[string]map[string]*versions{}, open: map[string]*opened{}, indexes: map[string][]bson.D{}, sharded: map[string]string{}}
	s.router, s.memory = true, m
	return m
}

// read is a document as a transaction, or nobody's, sees it.
func (m *memory) read(tx *opened, collection, key string) bson.Raw {
	if tx != nil {
		if doc, wrote := tx.writes[collection][key]; wrote {
			return doc
		}
	}
	v := m.collections[collection][key]
	if v == nil {
		return nil
	}
	for i := len(v.at) - 1; i >= 0; i-- {
		if tx == nil || v.at[i] <= tx.snapshot {
			return v.docs[i]
		}
	}
	return nil
}

// all are the documents that a filter selects, by key.
func (m *memory) all(tx *opened, collection string, filter bson.Raw) (docs []bson.Raw) {
	keys, asked := map[string]bool{}, true
	id := filter.Lookup("_id")
	if operators, ok := id.DocumentOK(); ok && operators.Lookup("$eq").Type != 0 {
		id = operators.Lookup("$eq")
	}
	switch in, ok := filter.Lookup("_id", "$in").ArrayOK(); {
	case ok:
		for _, v := range must(in.Values()) {
			keys[v.String()] = true
		}
	case id.Type != 0 && id.Type != bson.TypeEmbeddedDocument:
		keys[id.String()] = true
	default:
		asked = false
		for key := range m.collections[collection] {
			keys[key] = true
		}
		if tx != nil {
			for key := range tx.writes[collection] {
				keys[key] = true
			}
		}
	}
	for key := range keys {
		if doc := m.read(tx, collection, key); doc != nil && selects(filter, doc, asked) {
			docs = append(docs, doc)
		}
	}
	slices.SortFunc(docs, func(a, b bson.Raw) int { return compare(a.Lookup("_id"), b.Lookup("_id")) })
	return docs
}

// outcome of a write.
const (
	done = iota
	conflicts
	refuses
)

// write changes a document, or says why not: nil deletes it.
func (m *memory) write(tx *opened, collection, key string, doc bson.Raw) int {
	if v := m.collections[collection][key]; tx != nil && v != nil && v.at[len(v.at)-1] > tx.snapshot {
		return conflicts
	}
	for _, other := range m.open {
		if _, wrote := other.writes[collection][key]; wrote && other != tx {
			return conflicts
		}
	}
	for _, d := range m.indexes[collection] {
		index := bson.Raw(must(bson.Marshal(d)))
		if doc == nil || index.Lookup("unique").Type == 0 {
			continue
		}
		if outcome := m.unique(tx, collection, key, doc, index.Lookup("key").Document()); outcome != done {
			m.refused = index.Lookup("name").StringValue()
			return outcome
		}
	}
	if tx != nil {
		if tx.writes[collection] == nil {
			tx.writes[collection] = map[string]bson.Raw{}
		}
		tx.writes[collection][key] = doc
		return done
	}
	m.now++
	m.commit(collection, key, doc)
	return done
}

func (m *memory) commit(collection, key string, doc bson.Raw) {
	if m.collections[collection] == nil {
		m.collections[collection] = map[string]*versions{}
	}
	v := m.collections[collection][key]
	if v == nil {
		v = &versions{}
		m.collections[collection][key] = v
	}
	v.at, v.docs = append(v.at, m.now), append(v.docs, doc)
}

// unique looks for another document with the values of an index.
func (m *memory) unique(tx *opened, collection, key string, doc, index bson.Raw) int {
	fields := must(index.Elements())
	values := func(d bson.Raw) (text string) {
		for _, e := range fields {
			v := d.Lookup(e.Key())
			if v.Type == 0 {
				return ""
			}
			text += string(v.Value) + " "
		}
		return text
	}
	mine := values(doc)
	if before := m.read(tx, collection, key); mine == "" || tx != nil && before != nil && values(before) == mine {
		return done
	}
	for _, other := range m.open {
		for otherKey, written := range other.writes[collection] {
			if other != tx && otherKey != key && (written != nil && values(written) == mine || values(m.read(nil, collection, otherKey)) == mine) {
				return conflicts
			}
		}
	}
	for otherKey, v := range m.collections[collection] {
		if tx != nil {
			if _, wrote := tx.writes[collection][otherKey]; wrote {
				continue
			}
		}
		if last := v.docs[len(v.docs)-1]; otherKey != key && last != nil && values(last) == mine {
			if tx != nil && v.at[len(v.at)-1] > tx.snapshot {
				return conflicts
			}
			return refuses
		}
	}
	if tx != nil {
		for otherKey, written := range tx.writes[collection] {
			if otherKey != key && written != nil && values(written) == mine {
				return refuses
			}
		}
	}
	return done
}

func (m *memory) answer(name string, command bson.Raw) bson.D {
	if m.each != nil {
		m.each()
	}
	if tx := m.open[transactionOf(command)]; name == "commitTransaction" && tx != nil && m.slowly > 0 {
		if tx.writes["tenants"] != nil {
			m.slowly = 0
		} else {
			slowly := m.slowly
			m.server.mu.Unlock()
			time.Sleep(slowly)
			m.server.mu.Lock()
		}
	}
	for {
		answer, wait := m.try(name, command)
		if !wait {
			return answer
		}
		m.server.mu.Unlock() // what is not in a transaction waits for those that are
		time.Sleep(time.Millisecond)
		m.server.mu.Lock()
	}
}

func (m *memory) try(name string, command bson.Raw) (answer bson.D, wait bool) {
	id := transactionOf(command)
	var tx *opened
	if command.Lookup("autocommit").Type != 0 {
		if tx = m.open[id]; tx == nil && command.Lookup("startTransaction").Type != 0 {
			tx = &opened{began: time.Now(), snapshot: m.now, writes: map[string]map[string]bson.Raw{}}
			m.open[id] = tx
		}
		if tx == nil && name != "abortTransaction" {
			return refusal(251, transient), false
		}
	}
	collection, _ := command.Lookup(name).StringValueOK()
	switch name {
	case "commitTransaction":
		if m.lifetime > 0 && time.Since(tx.began) > m.lifetime {
			delete(m.open, id)
			return refusal(251, transient), false
		}
		for _, writes := range tx.writes {
			if m.most > 0 && len(writes) > m.most {
				delete(m.open, id)
				return refusal(251, transient), false
			}
		}
		m.now++
		for collection, writes := range tx.writes {
			for key, doc := range writes {
				m.commit(collection, key, doc)
			}
		}
		delete(m.open, id)
	case "abortTransaction":
		delete(m.open, id)
	case "shardCollection":
		_, collection, _ = strings.Cut(collection, ".")
		for _, index := range m.indexes[collection] {
			if bson.Raw(must(bson.Marshal(index))).Lookup("unique").Type != 0 {
				return refusal(72), false
			}
		}
		m.sharded[collection] = command.Lookup("key").String()
	case "createIndexes":
		return m.createIndexes(collection, command), false
	case "drop":
		for key := range m.collections[collection] {
			m.now++
			m.commit(collection, key, nil)
		}
		m.indexes[collection] = nil
	case "dropIndexes":
		m.indexes[collection] = slices.DeleteFunc(m.indexes[collection], func(d bson.D) bool {
			return bson.Raw(must(bson.Marshal(d))).Lookup("name").Equal(command.Lookup("index"))
		})
	case "listIndexes":
		return found(m.indexes[collection]...), false
	case "find", "aggregate":
		return m.find(tx, collection, command), false
	case "insert", "update", "delete", "findAndModify":
		return m.change(tx, id, name, collection, command)
	}
	return bson.D{{Key: "ok", Value: 1.0}}, false
}

// createIndexes refuses a unique one on documents that are alike.
func (m *memory) createIndexes(collection string, command bson.Raw) bson.D {
	for _, v := range must(command.Lookup("indexes").Array().Values()) {
		var index bson.D
		_ = bson.Unmarshal(v.Document(), &index)
		if v.Document().Lookup("unique").Type != 0 {
			for _, doc := range m.all(nil, collection, nil) {
				if m.unique(nil, collection, doc.Lookup("_id").String(), doc, v.Document().Lookup("key").Document()) != done {
					return refusal(11000)
				}
			}
		}
		there := func(what string) bool {
			return slices.ContainsFunc(m.indexes[collection], func(d bson.D) bool {
				has := bson.Raw(must(bson.Marshal(d)))
				return has.Lookup(what).Equal(v.Document().Lookup(what)) && has.Lookup("unique").Equal(v.Document().Lookup("unique"))
			})
		}
		switch {
		case there("name"):
		case there("key"):
			return refusal(85)
		default:
			m.indexes[collection] = append(m.indexes[collection], index)
		}
	}
	return bson.D{{Key: "ok", Value: 1.0}}
}

func (m *memory) find(tx *opened, collection string, command bson.Raw) bson.D {
	filter, counts := command.Lookup("filter"), false
	if stages, ok := command.Lookup("pipeline").ArrayOK(); ok {
		filter, counts = stages.Index(0).Value().Document().Lookup("$match"), true
	}
	conditions, _ := filter.DocumentOK()
	docs := m.all(tx, collection, conditions)
	if limit, ok := command.Lookup("limit").AsInt64OK(); ok && limit > 0 {
		docs = docs[:min(len(docs), int(limit))]
	}
	if counts {
		return found(bson.D{{Key: "n", Value: int64(len(docs))}})
	}
	all := make([]bson.D, len(docs))
	for i, doc := range docs {
		_ = bson.Unmarshal(doc, &all[i])
	}
	return found(all...)
}

// change does the writes of a command; wait: it is to be tried again.
func (m *memory) change(tx *opened, id, name, collection string, command bson.Raw) (answer bson.D, wait bool) {
	n := 0
	failed := func(outcome int) (bson.D, bool) {
		if outcome == conflicts && tx == nil {
			return nil, true
		}
		delete(m.open, id)
		if outcome == conflicts {
			return refusal(112, transient), false
		}
		return duplicate(m.refused), false
	}
	list := map[string]string{"insert": "documents", "update": "updates", "delete": "deletes"}[name]
	if name == "findAndModify" {
		for _, doc := range m.all(tx, collection, command.Lookup("query").Document()) {
			if outcome := m.write(tx, collection, doc.Lookup("_id").String(), updated(doc, command.Lookup("update").Document())); outcome != done {
				return failed(outcome)
			}
			return bson.D{{Key: "ok", Value: 1.0}, {Key: "value", Value: doc}}, false
		}
		return bson.D{{Key: "ok", Value: 1.0}, {Key: "value", Value: nil}}, false
	}
	for _, v := range must(command.Lookup(list).Array().Values()) {
		one := slices.Clone(v.Document())
		if name == "insert" {
			key := one.Lookup("_id").String()
			if m.read(tx, collection, key) != nil {
				m.refused = "_id_"
				return failed(refuses)
			}
			if outcome := m.write(tx, collection, key, one); outcome != done {
				return failed(outcome)
			}
			n++
			continue
		}
		docs := m.all(tx, collection, one.Lookup("q").Document())
		if upsert, _ := one.Lookup("upsert").BooleanOK(); upsert && len(docs) == 0 {
			docs = []bson.Raw{must(bson.Marshal(bson.D{{Key: "_id", Value: one.Lookup("q", "_id")}}))}
		}
		for _, doc := range docs {
			var after bson.Raw
			if name == "update" {
				u := one.Lookup("u").Document()
				if first, err := u.IndexErr(0); err == nil && strings.HasPrefix(first.Key(), "$") {
					after = updated(doc, u)
				} else { // it replaces the document
					after = must(bson.Marshal(append(bson.D{{Key: "_id", Value: doc.Lookup("_id")}}, without(u, "_id")...)))
				}
			}
			if outcome := m.write(tx, collection, doc.Lookup("_id").String(), after); outcome != done {
				return failed(outcome)
			}
			n++
		}
	}
	return changed(n), false
}

// without are the fields of a document but for one.
func without(doc bson.Raw, field string) (rest bson.D) {
	_ = bson.Unmarshal(doc, &rest)
	return slices.DeleteFunc(rest, func(e bson.E) bool { return e.Key == field })
}

// selects holds for a document that meets a filter; asked: it has the key that this names.
func selects(filter, doc bson.Raw, asked bool) bool {
	elements, _ := filter.Elements()
	for _, e := range elements {
		switch e.Key() {
		case "_id":
			if !asked && !meets(doc.Lookup("_id"), e.Value()) {
				return false
			}
		case "$and":
			for _, part := range must(e.Value().Array().Values()) {
				if !selects(part.Document(), doc, false) {
					return false
				}
			}
		case "$or":
			if !slices.ContainsFunc(must(e.Value().Array().Values()), func(part bson.RawValue) bool { return selects(part.Document(), doc, false) }) {
				return false
			}
		default:
			if !meets(doc.Lookup(strings.Split(e.Key(), ".")...), e.Value()) {
				return false
			}
		}
	}
	return true
}

func meets(has, condition bson.RawValue) bool {
	operators, ok := condition.DocumentOK()
	if !ok {
		return compare(has, condition) == 0
	}
	for _, e := range must(operators.Elements()) {
		order, ok := compare(has, e.Value()), has.Type != 0
		switch e.Key() {
		case "$eq":
			ok = order == 0
		case "$ne":
			ok = order != 0
		case "$gt":
			ok = ok && order > 0
		case "$gte":
			ok = ok && order >= 0
		case "$lt":
			ok = ok && order < 0
		case "$lte":
			ok = ok && order <= 0
		case "$exists":
			ok = ok == e.Value().Boolean()
		case "$in":
			ok = slices.ContainsFunc(must(e.Value().Array().Values()), func(v bson.RawValue) bool { return compare(has, v) == 0 })
		default:
			panic("memory does not know " + e.Key())
		}
		if !ok {
			return false
		}
	}
	return true
}

// compare orders numbers and texts; absent and null are alike.
func compare(a, b bson.RawValue) int {
	if x, ok := a.AsInt64OK(); ok {
		if y, ok := b.AsInt64OK(); ok {
			return cmp.Compare(x, y)
		}
	}
	if a.Type == bson.TypeNull || a.Type == 0 {
		if b.Type == bson.TypeNull || b.Type == 0 {
			return 0
		}
		return -1
	}
	if x, ok := a.StringValueOK(); ok {
		if y, ok := b.StringValueOK(); ok {
			return strings.Compare(x, y)
		}
	}
	return cmp.Or(cmp.Compare(a.Type, b.Type), strings.Compare(a.String(), b.String()))
}
