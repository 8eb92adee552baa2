// Package demo makes a clinic group that never was: sites in six countries, staff, patients with names in
// their own scripts, visits, consents given and missing, and a front desk that books, moves and cancels
// while the clock runs. The same seed makes the same people. It refuses to be anything but marked demo data,
// which no route but a loopback simulator will carry.
package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"carillon.dev/carillon/internal/base/phi"
	"carillon.dev/carillon/internal/core/patient"
	"carillon.dev/carillon/internal/core/phone"
)

// Site is one location of the group.
type Site struct {
	Key, Name, Address, Zone, Region, Phone string
	Language                                string
	Doctors                                 []string
	given                                   [2][]string // women's, men's
	family                                  [2][]string
	mobile                                  func(*rand.Rand) string
	landline                                func(*rand.Rand) string
}

// Sites of the group, the one nearest to most readers' working day first.
func Sites() []Site {
	return []Site{
		{Key: "krakow", Name: "Przychodnia Pod Lipami", Address: "ul. Długa 14, Kraków", Zone: "Europe/Warsaw",
			Region: "PL", Language: "pl", Phone: "+48 12 345 67 80", Doctors: []string{"dr Maria Zielińska", "dr Tomasz Król"},
			given:  [2][]string{{"Anna", "Katarzyna", "Małgorzata", "Zofia", "Agnieszka", "Łucja"}, {"Piotr", "Krzysztof", "Jan", "Łukasz", "Stanisław", "Wojciech"}},
			family: [2][]string{{"Nowak", "Kowalska", "Wiśniewska", "Wójcik", "Kamińska", "Dąbrowska", "Brzęczyszczykiewicz"}, {"Nowak", "Kowalski", "Wiśniewski", "Wójcik", "Kamiński", "Dąbrowski", "Brzęczyszczykiewicz"}},
			mobile: digits("+4860%07d", 10_000_000), landline: digits("+48126%06d", 1_000_000)},
		{Key: "dublin", Name: "Liffey Street Clinic", Address: "8 Liffey Street Lower, Dublin 1", Zone: "Europe/Dublin",
			Region: "IE", Language: "en", Phone: "+353 1 855 0142", Doctors: []string{"Dr Aoife Byrne", "Dr James Okafor"},
			given:  [2][]string{{"Aoife", "Niamh", "Sarah", "Grace", "Chloe", "Siobhán"}, {"Conor", "Jack", "Daniel", "Oisín", "Liam", "Seán"}},
			family: same("Murphy", "Kelly", "O'Sullivan", "Walsh", "Byrne", "Fitzgerald-Montgomery"),
			mobile: digits("+35385%07d", 10_000_000), landline: digits("+3531855%04d", 10_000)},
		{Key: "valencia", Name: "Centro de Salud Turia", Address: "Carrer de la Pau 21, València", Zone: "Europe/Madrid",
			Region: "ES", Language: "es", Phone: "+34 963 15 20 40", Doctors: []string{"Dra. Lucía Ferrer", "Dr. Andrés Molina"},
			given:  [2][]string{{"María", "Carmen", "Lucía", "Sofía", "Begoña", "Nuria"}, {"José", "Antonio", "Javier", "Íñigo", "Manuel", "Pablo"}},
			family: same("García Martínez", "López Sánchez", "Muñoz Peña", "Fernández Ruiz", "Ibáñez Gómez"),
			mobile: digits("+3461%07d", 10_000_000), landline: digits("+3496315%04d", 10_000)},
		{Key: "newyork", Name: "Hudson Family Practice", Address: "412 W 48th St, New York", Zone: "America/New_York",
			Region: "US", Language: "en-US", Phone: "+1 212 736 0142", Doctors: []string{"Dr. Rachel Stein", "Dr. Luis Ortega"},
			given:  [2][]string{{"Emily", "Jasmine", "Olivia", "Maria", "Destiny", "Rachel"}, {"Michael", "Jamal", "David", "Carlos", "Ethan", "Noah"}},
			family: same("Smith", "Johnson", "Rodriguez", "Cohen", "Washington", "Nguyen"),
			mobile: digits("+1917%07d", 8_000_000, 2_000_000), landline: nil},
		{Key: "shanghai", Name: "虹桥社区诊所", Address: "上海市长宁区虹桥路1438号", Zone: "Asia/Shanghai",
			Region: "CN", Language: "zh", Phone: "+86 21 6209 1430", Doctors: []string{"陈晓燕 医生", "王建国 医生"},
			given:  [2][]string{{"秀英", "丽", "静", "欣怡", "婷"}, {"伟", "强", "建国", "浩然", "军"}},
			family: same("王", "李", "张", "刘", "陈", "欧阳"),
			mobile: digits("+86139%08d", 100_000_000), landline: digits("+8621620%05d", 100_000)},
		{Key: "dubai", Name: "عيادة النور", Address: "شارع الرقة 55، دبي", Zone: "Asia/Dubai",
			Region: "AE", Language: "ar", Phone: "+971 4 221 0140", Doctors: []string{"د. ليلى حداد", "د. عمر منصور"},
			given:  [2][]string{{"فاطمة", "مريم", "نور", "ليلى", "سارة"}, {"محمد", "أحمد", "خالد", "يوسف", "عمر"}},
			family: same("الهاشمي", "المنصوري", "حداد", "الخطيب", "النعيمي"),
			mobile: digits("+97150%07d", 10_000_000), landline: digits("+9714221%04d", 10_000)},
	}
}

func same(names ...string) [2][]string { return [2][]string{names, names} }

// digits makes numbers of a pattern; the last figures are random below n, from an optional start.
func digits(pattern string, n int, from ...int) func(*rand.Rand) string {
	start := 0
	if len(from) > 0 {
		start = from[0]
	}
	return func(r *rand.Rand) string { return fmt.Sprintf(pattern, start+r.IntN(n)) }
}

// Somebody is one made-up patient.
type Somebody struct {
	Site      int
	External  string
	Given     string
	Family    string
	Sex       string
	Born      string // YYYY-MM-DD
	Language  string
	Number    phone.Number // zero: no phone at all
	Shared    bool         // the number is also somebody else's
	Consent   Agreement
	Preferred patient.Channel
	Status    patient.Status
}

// Agreement is what the ledger will say of somebody.
type Agreement string

const (
	Agreed     Agreement = "agreed"
	NeverAsked Agreement = "never_asked"
	TookBack   Agreement = "took_back"
)

// People makes n patients spread over the sites. Most have a mobile and have agreed; some have only a
// landline or nothing, were never asked, took their consent back, share a phone, prefer letters, or have died.
func People(seed uint64, n int, now time.Time) []Somebody {
	r := rand.New(rand.NewPCG(seed, 0xC4211105))
	sites := Sites()
	out := make([]Somebody, 0, n)
	last := map[int]int{} // site to its last patient with a number
	for i := range n {
		at := pick(r, 30, 22, 16, 16, 8, 8)
		s := one(r, sites[at], now)
		s.Site, s.External = at, fmt.Sprintf("D%05d", i+1)
		if prev, ok := last[at]; ok && r.IntN(100) < 6 {
			s.Number, s.Shared, s.Family = out[prev].Number, true, out[prev].Family
			out[prev].Shared = true
		}
		if !s.Number.IsZero() {
			last[at] = len(out)
		}
		out = append(out, s)
	}
	return out
}

func one(r *rand.Rand, site Site, now time.Time) Somebody {
	sex := r.IntN(2)
	age := 1 + r.IntN(88)
	s := Somebody{
		Given: from(r, site.given[sex]), Family: from(r, site.family[sex]), Sex: []string{"female", "male"}[sex],
		Born:     now.AddDate(-age, -r.IntN(12), -r.IntN(28)).Format(time.DateOnly),
		Language: site.Language, Status: patient.Active, Consent: Agreed, Preferred: patient.SMS,
	}
	if r.IntN(100) < 7 { // somebody from elsewhere
		s.Language = from(r, []string{"en", "pl", "es", "fr", "de", "ar", "zh"})
	}
	s.Number = number(r, site)
	switch p := r.IntN(100); {
	case p < 4:
		s.Consent = NeverAsked
	case p < 6:
		s.Consent = TookBack
	case p < 8:
		s.Preferred = patient.Letter
	case p < 9:
		s.Status = patient.Deceased
	}
	return s
}

// number is a mobile for most, a landline for a few, nothing for fewer. What the site's pattern gives is
// tried until it is a number that the country really has.
func number(r *rand.Rand, site Site) phone.Number {
	p := r.IntN(100)
	if p < 2 {
		return phone.Number{}
	}
	gen := site.mobile
	if p < 5 && site.landline != nil {
		gen = site.landline
	}
	for range 50 {
		if n, err := phone.Parse(phi.T(gen(r)), site.Region); err == nil {
			return n
		}
	}
	return phone.Number{}
}

func from(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// pick draws an index with the given weights.
func pick(r *rand.Rand, weights ...int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := r.IntN(sum)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	return len(weights) - 1
}
