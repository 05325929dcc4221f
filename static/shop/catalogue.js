// What the shop has. Prices are in cents, so that sums are exact.

export const CURRENCY = "EUR";

export const products = [
  {
    id: "kingfisher-canoe",
    name: "Kingfisher canoe",
    category: "boats",
    cents: 89000,
    short: "Two seats, one paddle stroke from silence.",
    text: "A light canoe for slow water. It turns on a coin, carries a tent and a weekend, and is lifted over a weir by two people who still talk to each other.",
    facts: ["4.6 m long, 24 kg", "Carries 320 kg", "Ash gunwales, cane seats"],
  },
  {
    id: "otter-paddle",
    name: "Otter paddle",
    category: "boats",
    cents: 7900,
    short: "Cherry and ash, oiled by hand.",
    text: "A narrow blade that enters the water without a sound. Made of one piece of cherry with a tip of ash, because stones are stones.",
    facts: ["1.45 m long, 620 g", "Oiled, never lacquered", "Mended for life"],
  },
  {
    id: "drift-vest",
    name: "Drift vest",
    category: "boats",
    cents: 9500,
    short: "Floats when you do not plan to.",
    text: "A vest that you forget until you need it. Wide at the arms, short at the back, with one pocket that closes and one that does not have to.",
    facts: ["70 N", "Three sizes, one colour you can see", "Dries overnight"],
  },
  {
    id: "heron-bag",
    name: "Heron dry bag",
    category: "packs",
    cents: 3950,
    short: "Twenty litres that stay dry.",
    text: "Roll it three times and it floats. The window shows what is inside, so that nobody has to empty it to find the coffee.",
    facts: ["20 l, 310 g", "Welded, not sewn", "With a strap for the portage"],
  },
  {
    id: "moss-tent",
    name: "Moss tent",
    category: "camp",
    cents: 24900,
    short: "Two people, four minutes.",
    text: "Stands on gravel, moss and meadow. Two doors, so that nobody climbs over anybody, and a roof that can be rolled up for the stars.",
    facts: ["2.2 kg", "Two doors, two porches", "Poles of aluminium"],
  },
  {
    id: "ember-kettle",
    name: "Ember kettle",
    category: "camp",
    cents: 4525,
    short: "Boils on twigs and patience.",
    text: "A kettle with a chimney in its middle. A handful of dry twigs is enough for two cups, and no cartridge is left behind.",
    facts: ["0.6 l, 480 g", "Burns twigs, cones, bark", "Cork stopper"],
  },
  {
    id: "glow-lantern",
    name: "Glow lantern",
    category: "camp",
    cents: 3400,
    short: "As bright as you are awake.",
    text: "A warm light that dims by itself. Charges in the sun while you paddle and hangs from a branch, a pole or a thwart.",
    facts: ["Up to 60 hours", "Warm white", "Charges in 5 hours of sun"],
  },
  {
    id: "north-compass",
    name: "North compass",
    category: "packs",
    cents: 2900,
    short: "Knows one thing, and knows it well.",
    text: "Brass, glass and a needle. No battery, no update, no account. It points to where it has always pointed.",
    facts: ["48 mm, 90 g", "Damped needle", "Lid with a mirror"],
  },
];

export function find(id) {
  return products.find((product) => product.id === id);
}

/** An amount as an event says it: in euros, as a number. */
export function amount(cents) {
  return cents / 100;
}

const format = new Intl.NumberFormat("en-IE", { style: "currency", currency: CURRENCY });

/** An amount as people read it. */
export function price(cents) {
  return format.format(cents / 100);
}
