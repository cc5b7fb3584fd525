package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"testing"
)

// writer makes load as one user: it changes records of its own, and shares accounts
// and the codes of products with the others. It goes on until the server is gone.
type writer struct {
	t      testing.TB
	as     *client
	ledger *ledger
	random *rand.Rand
	name   string
	n      int

	product       string
	opportunities []*kept
	items         []*kept
	made          []*kept // all that were ever made
	deleted       []*kept
	done          int // requests that were acknowledged
}

// word is one that no other record has.
func (w *writer) word() string {
	w.n++
	return fmt.Sprintf("%sx%dz", w.name, w.n) // no other begins so
}

func (w *writer) money() json.Number {
	return json.Number(fmt.Sprintf("%d.%02d", w.random.IntN(9000)+1, w.random.IntN(100)))
}

// run works until a request is not answered.
func (w *writer) run() {
	for !w.t.Failed() {
		var alive bool
		switch n := w.random.IntN(100); {
		case len(w.opportunities) < 2 || n < 12:
			alive = w.createOpportunity()
		case n < 42 || len(w.items) < 3:
			alive = w.createItem()
		case n < 52:
			alive = w.changeItem()
		case n < 62:
			alive = w.changeOpportunity()
		case n < 70:
			alive = w.moveItem()
		case n < 76:
			alive = w.removeItem()
		case n < 80:
			alive = w.removeOpportunity()
		case n < 86:
			alive = w.restore()
		case n < 92:
			alive = w.bulk()
		default:
			alive = w.createProduct()
		}
		if !alive {
			return
		}
		w.done++
	}
}

// refused notes an answer that should not have come.
func (w *writer) unexpected(what string, a *answer) bool {
	w.t.Errorf("%s: %v", what, a)
	return false
}

// create makes a record; unanswered, it looks later whether there is one with the
// token in a field.
func (w *writer) create(k *kept, field string, data object, then func()) bool {
	a, err := w.as.patiently("POST", "/records/"+k.object, data)
	took := func(l *ledger, is object) error {
		k.id, k.version, k.changes = is["id"].(string), 1, 1
		if difference := k.differs(is); difference != "" {
			return fmt.Errorf("%s is half-done: %s", k.id, difference)
		}
		l.keep(k)
		w.made = append(w.made, k)
		if then != nil {
			then()
		}
		return nil
	}
	if err != nil {
		w.ledger.doubt("making "+k.object+" "+k.token, func(t testing.TB, l *ledger, c *client) error {
			found := c.list(t, k.object, "filter", fmt.Sprintf("%s == %q", field, k.token))
			if len(found) == 0 {
				return nil
			}
			if len(found) > 1 {
				return fmt.Errorf("is there %d times", len(found))
			}
			return took(l, found[0])
		})
		return false
	}
	if a.status != 201 {
		return w.unexpected("making "+k.object, a)
	}
	if err := took(w.ledger, a.json()); err != nil {
		w.t.Error(err)
	}
	return true
}

// update changes a record; unanswered, it looks later which version there is.
func (w *writer) update(k *kept, data object, then func()) bool {
	a, err := w.as.patiently("PATCH", "/records/"+k.object+"/"+k.id, data, "If-Match", fmt.Sprint(k.version))
	took := func(l *ledger) {
		for field, v := range data {
			k.values[field] = fmt.Sprint(v)
		}
		k.version++
		k.changes++
		l.touch(k)
		if then != nil {
			then()
		}
	}
	if err != nil {
		w.ledger.doubt("changing "+k.object+" "+k.id, func(t testing.TB, l *ledger, c *client) error {
			is := c.must(t, 200, "GET", "/records/"+k.object+"/"+k.id, nil)
			if fmt.Sprint(is["version"]) == fmt.Sprint(k.version+1) {
				took(l)
			}
			l.touch(k)
			if difference := k.differs(is); difference != "" {
				return fmt.Errorf("is half-done: %s", difference)
			}
			return nil
		})
		return false
	}
	if a.status != 200 {
		return w.unexpected("changing "+k.object, a)
	}
	took(w.ledger)
	if difference := k.differs(a.json()); difference != "" {
		w.t.Errorf("the answer of a change: %s: %v", difference, a)
	}
	return true
}

func (w *writer) createOpportunity() bool {
	account := w.ledger.shared[w.random.IntN(len(w.ledger.shared))]
	token, amount := w.word(), w.money()
	k := &kept{object: "opportunity", token: token, values: map[string]string{"name": token, "account": account.id, "amount": amount.String(), "stage": "prospecting"}}
	return w.create(k, "name", object{"name": token, "account": account.id, "amount": amount}, func() { w.opportunities = append(w.opportunities, k) })
}

func (w *writer) createItem() bool {
	parent := pick(w.random, w.opportunities)
	token, price := w.word(), w.money()
	k := &kept{object: "line_item", token: token, parent: parent,
		values: map[string]string{"description": token, "opportunity": parent.id, "unit_price": price.String(), "quantity": "2.00"}}
	return w.create(k, "description", object{"opportunity": parent.id, "product": w.product, "quantity": 2, "unit_price": price, "description": token},
		func() { w.items = append(w.items, k) })
}

func pick(random *rand.Rand, from []*kept) *kept { return from[random.IntN(len(from))] }

func (w *writer) changeItem() bool {
	return w.update(pick(w.random, w.items), object{"unit_price": w.money(), "discount": json.Number(fmt.Sprintf("%d.00", w.random.IntN(100)))}, nil)
}

func (w *writer) moveItem() bool {
	k, to := pick(w.random, w.items), pick(w.random, w.opportunities)
	if k.parent == to {
		return true
	}
	return w.update(k, object{"opportunity": to.id}, func() { k.parent = to })
}

func (w *writer) changeOpportunity() bool {
	k := pick(w.random, w.opportunities)
	account := w.ledger.shared[w.random.IntN(len(w.ledger.shared))]
	word := w.word()
	stage := []string{"prospecting", "qualification", "proposal", "negotiation"}[w.random.IntN(4)]
	return w.update(k, object{"amount": w.money(), "account": account.id, "next_step": word, "stage": stage}, func() {
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		if k.token != k.values["name"] {
			w.ledger.lost[k.id] = k.token
		}
		k.token = word
	})
}

func (w *writer) removeItem() bool {
	k := pick(w.random, w.items)
	return w.remove(k, []*kept{k})
}

// removeOpportunity takes its line items along.
func (w *writer) removeOpportunity() bool {
	if len(w.opportunities) < 4 {
		return true
	}
	k := pick(w.random, w.opportunities)
	all := []*kept{k}
	for _, item := range w.items {
		if item.parent == k {
			all = append(all, item)
		}
	}
	return w.remove(k, all)
}

// remove deletes a record, with which all go.
func (w *writer) remove(k *kept, all []*kept) bool {
	a, err := w.as.patiently("DELETE", "/records/"+k.object+"/"+k.id, nil)
	took := func(l *ledger) {
		for _, one := range all {
			one.gone = true
			one.changes++
		}
		l.touch(all...)
		w.opportunities, w.items = without(w.opportunities), without(w.items)
		w.deleted = append(w.deleted, k)
	}
	if err != nil {
		w.ledger.doubt("deleting "+k.object+" "+k.id, func(t testing.TB, l *ledger, c *client) error {
			switch a := c.do(t, "GET", "/records/"+k.object+"/"+k.id, nil); a.status {
			case 404:
				took(l)
			case 200:
			default:
				return fmt.Errorf("%v", a)
			}
			l.touch(all...)
			return nil
		})
		return false
	}
	if a.status != 204 {
		return w.unexpected("deleting "+k.object, a)
	}
	took(w.ledger)
	return true
}

func without(all []*kept) []*kept {
	var left []*kept
	for _, k := range all {
		if !k.gone {
			left = append(left, k)
		}
	}
	return left
}

// restore takes the last deleted record back, with what went with it.
func (w *writer) restore() bool {
	if len(w.deleted) == 0 {
		return true
	}
	k := w.deleted[len(w.deleted)-1]
	if k.parent != nil && k.parent.gone {
		w.deleted = w.deleted[:len(w.deleted)-1]
		return true
	}
	a, err := w.as.patiently("POST", "/records/"+k.object+"/"+k.id+"/restore", nil)
	took := func(l *ledger) {
		w.deleted = w.deleted[:len(w.deleted)-1]
		for _, one := range w.made {
			// A line item that was deleted before its opportunity stays deleted.
			if one == k || one.parent == k && one.gone && !contains(w.deleted, one) {
				one.gone = false
				one.version++
				one.changes++
				l.touch(one)
				if one.object == "opportunity" {
					w.opportunities = append(w.opportunities, one)
				} else {
					w.items = append(w.items, one)
				}
			}
		}
	}
	if err != nil {
		w.ledger.doubt("restoring "+k.object+" "+k.id, func(t testing.TB, l *ledger, c *client) error {
			if c.do(t, "GET", "/records/"+k.object+"/"+k.id, nil).status == 200 {
				took(l)
			}
			l.touch(k)
			return nil
		})
		return false
	}
	if a.status != 200 {
		return w.unexpected("restoring "+k.object, a)
	}
	took(w.ledger)
	return true
}

func contains(all []*kept, k *kept) bool {
	for _, one := range all {
		if one == k {
			return true
		}
	}
	return false
}

// bulk makes five line items at once, all or none.
func (w *writer) bulk() bool {
	parent := pick(w.random, w.opportunities)
	var operations []object
	var made []*kept
	for range 5 {
		token, price := w.word(), w.money()
		operations = append(operations, object{"op": "create", "data": object{"opportunity": parent.id, "product": w.product, "unit_price": price, "description": token}})
		made = append(made, &kept{object: "line_item", token: token, parent: parent, version: 1, changes: 1,
			values: map[string]string{"description": token, "opportunity": parent.id, "unit_price": price.String(), "quantity": "1.00"}})
	}
	took := func(l *ledger, ids []string) {
		for i, k := range made {
			k.id = ids[i]
			l.keep(k)
			w.made, w.items = append(w.made, k), append(w.items, k)
		}
	}
	a, err := w.as.patiently("POST", "/records/line_item/bulk", object{"operations": operations, "atomic": true})
	if err != nil {
		w.ledger.doubt("bulk", func(t testing.TB, l *ledger, c *client) error {
			var ids []string
			for _, k := range made {
				for _, item := range c.list(t, "line_item", "filter", fmt.Sprintf("description == %q", k.token), "fields", "id") {
					ids = append(ids, item["id"].(string))
				}
			}
			if len(ids) == len(made) {
				took(l, ids)
			} else if len(ids) > 0 {
				return fmt.Errorf("is half-done: %d of %d", len(ids), len(made))
			}
			return nil
		})
		return false
	}
	if a.status != 200 || total(a.json()["failed"]) > 0 {
		return w.unexpected("bulk", a)
	}
	var ids []string
	for _, result := range a.json()["results"].([]any) {
		ids = append(ids, result.(object)["id"].(string))
	}
	took(w.ledger, ids)
	return true
}

// createProduct uses one of a few codes, which others want too.
func (w *writer) createProduct() bool {
	code := fmt.Sprint("C", w.random.IntN(400))
	a, err := w.as.patiently("POST", "/records/product", object{"name": "Product " + code, "code": code})
	if err != nil {
		return false // there or not: only that there are not two
	}
	switch a.status {
	case 201:
		w.ledger.mu.Lock()
		defer w.ledger.mu.Unlock()
		if w.ledger.codes[code] {
			w.t.Errorf("the code %s was given twice", code)
		}
		w.ledger.codes[code] = true
	case 409, 422:
		if page, err := w.as.send("GET", "/records/product?filter="+url.QueryEscape(fmt.Sprintf("code == %q", code)), nil); err == nil && len(page.json()["items"].([]any)) != 1 {
			w.t.Errorf("%s was refused as taken, and there are %v", code, page)
		}
	default:
		return w.unexpected("making a product", a)
	}
	return true
}
