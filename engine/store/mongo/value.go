package mongo

import (
	"encoding/json"
	"fmt"
	"math/big"
	"strings"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	"go.mongodb.org/mongo-driver/x/bsonx/bsoncore"

	"formwork/engine/query"
	"formwork/engine/store"
	"formwork/metadata/fieldtype"
)

const (
	keyField   = "_id"
	wordsField = "_words"
	lockField  = "_lock" // counts the locks that were taken; nobody reads it
)

// field is the name of a column within a document. The names of columns hold no
// "/", so it can be turned back.
func field(column string) string {
	if column == query.ID.Name {
		return keyField
	}
	return strings.ReplaceAll(column, ".", "/")
}

// column is the inverse of field.
func column(field string) string {
	if field == keyField {
		return query.ID.Name
	}
	return strings.ReplaceAll(field, "/", ".")
}

// encode returns the BSON form of a stored value that is not empty.
func encode(v any) (any, error) {
	switch v := v.(type) {
	case bool, int64, string, []string:
		return v, nil
	case json.RawMessage:
		return string(v), nil
	}
	return nil, fmt.Errorf("mongo: a value of type %T is not in stored form", v)
}

// document is a new row.
func document(id int64, values map[string]any, words []string) (bson.D, error) {
	if err := store.CheckRow(values, words); err != nil {
		return nil, err
	}
	d := make(bson.D, 0, len(values)+2)
	d = append(d, bson.E{Key: keyField, Value: id})
	for name, v := range values {
		if v == nil {
			continue
		}
		encoded, err := encode(v)
		if err != nil {
			return nil, fmt.Errorf("column %s: %w", name, err)
		}
		d = append(d, bson.E{Key: field(name), Value: encoded})
	}
	if len(words) > 0 {
		d = append(d, bson.E{Key: wordsField, Value: words})
	}
	return d, nil
}

// decode returns the stored value of what a document holds for a column.
func decode(v bsoncore.Value, storage fieldtype.Storage) (any, error) {
	switch v.Type {
	case 0, bson.TypeNull, bson.TypeUndefined, bson.TypeMaxKey:
		return nil, nil
	}
	switch storage {
	case fieldtype.Bool:
		if b, ok := v.BooleanOK(); ok {
			return b, nil
		}
	case fieldtype.Int:
		if i, ok := v.AsInt64OK(); ok {
			return i, nil
		}
	case fieldtype.Text:
		if s, ok := v.StringValueOK(); ok {
			return s, nil
		}
	case fieldtype.JSON:
		if s, ok := v.StringValueOK(); ok {
			return json.RawMessage(s), nil
		}
	case fieldtype.List:
		if array, ok := v.ArrayOK(); ok {
			return texts(array)
		}
	}
	return nil, fmt.Errorf("mongo: a document holds a %s where a value of storage %q belongs", v.Type, storage.Tag())
}

func texts(array bsoncore.Array) ([]string, error) {
	values, err := array.Values()
	if err != nil {
		return nil, fmt.Errorf("mongo: reading a list: %w", err)
	}
	list := make([]string, len(values))
	for i, v := range values {
		s, ok := v.StringValueOK()
		if !ok {
			return nil, fmt.Errorf("mongo: a list holds a %s", v.Type)
		}
		list[i] = s
	}
	return list, nil
}

// integer reads a whole number of any BSON type; fits is false if it is none that
// an int64 can hold.
func integer(v bsoncore.Value) (n int64, fits bool) {
	if v.Type != bson.TypeDecimal128 {
		return v.AsInt64OK()
	}
	decimal, ok := v.Decimal128OK()
	if !ok {
		return 0, false
	}
	return decimalInteger(decimal)
}

func decimalInteger(d primitive.Decimal128) (n int64, fits bool) {
	digits, exponent, err := d.BigInt()
	if err != nil {
		return 0, false
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exponent, -exponent))), nil)
	rest := new(big.Int)
	if exponent >= 0 {
		digits.Mul(digits, scale)
	} else {
		digits.QuoRem(digits, scale, rest)
	}
	return digits.Int64(), digits.IsInt64() && rest.Sign() == 0
}
