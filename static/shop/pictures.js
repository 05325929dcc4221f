// Drawings of what the shop has, made for it. Classes take their colours from the style sheet, for day and night.

/** A frame that all pictures share: sky, a far hill, water at the bottom. */
function scene(title, drawing, hill = "M0 176c40-34 84-44 128-30s78 18 112-2 56-24 80-16v112H0z") {
  return `<svg class="picture" viewBox="0 0 320 240" role="img" aria-label="${title}" preserveAspectRatio="xMidYMid slice">
<rect class="sky" width="320" height="240"/><circle class="sun" cx="248" cy="62" r="26"/><path class="hill" d="${hill}"/>${drawing}</svg>`;
}

const water = `<path class="water" d="M0 178c27-10 53-10 80 0s53 10 80 0 53-10 80 0 53 10 80 0v62H0z"/>
<path class="water2" d="M0 206c27-10 53-10 80 0s53 10 80 0 53-10 80 0 53 10 80 0v34H0z"/>`;

const ground = `<path class="ground" d="M0 196c50-12 110-12 160-6s110 6 160-6v56H0z"/>`;

export const pictures = {
  "kingfisher-canoe": scene(
    "A canoe on a river",
    `${water.split("\n")[0]}
<path d="M34 128c4 44 36 62 126 62s122-18 126-62c-14 22-60 32-126 32S48 150 34 128z" fill="#1b7f93"/>
<path d="M34 128c4 44 36 62 126 62s122-18 126-62c-2 32-44 50-126 50S36 160 34 128z" fill="#12606f"/>
<path d="M34 128c14 22 60 32 126 32s112-10 126-32c-6 30-52 42-126 42S40 158 34 128z" fill="#f0a94f"/>
<path d="M112 158h22l3 9h-28zM186 158h22l3 9h-28z" fill="#8a5a2b"/>
<path d="M196 164 238 88" stroke="#8a5a2b" stroke-width="5" stroke-linecap="round"/>
<path d="M232 96c-2-14 6-26 16-34 6 12 6 26-4 38z" fill="#c98a45"/>
${water.split("\n")[1]}`,
  ),
  "otter-paddle": scene(
    "A paddle",
    `${water}
<g transform="rotate(38 160 120)">
<path d="M156 20h8v112h-8z" fill="#a8692f"/><path d="M160 20h4v112h-4z" fill="#8a5325"/>
<path d="M145 13c0-6 6-8 15-8s15 2 15 8-5 9-15 9-15-3-15-9z" fill="#8a5325"/>
<path d="M138 150c0-18 10-28 22-28s22 10 22 28v50c0 18-10 28-22 28s-22-10-22-28z" fill="#c98a45"/>
<path d="M160 122c12 0 22 10 22 28v50c0 18-10 28-22 28z" fill="#b4763a"/>
<path d="M139 206c2 14 11 22 21 22s19-8 21-22z" fill="#f4dfb8"/></g>`,
  ),
  "drift-vest": scene(
    "A life vest",
    `${water}
<path d="M108 52c6 20 24 30 52 30s46-10 52-30l24 12c-10 26-10 60-6 122-46 16-94 16-140 0 4-62 4-96-6-122z" fill="#f0803c"/>
<path d="M160 82c28 0 46-10 52-30l24 12c-10 26-10 60-6 122-23 8-46 12-70 12z" fill="#d9652a"/>
<path d="M126 60c4 14 16 22 34 22s30-8 34-22c-2 30-14 46-34 46s-32-16-34-46z" fill="#7a3413"/>
<path d="M92 120c45 12 91 12 136 0v16c-45 12-91 12-136 0z" fill="#2a3b47"/>
<path d="M90 156c46 13 94 13 140 0v14c-46 13-94 13-140 0z" fill="#2a3b47"/>
<rect x="148" y="124" width="24" height="20" rx="4" fill="#f6efe2"/><rect x="148" y="160" width="24" height="18" rx="4" fill="#f6efe2"/>
<path d="M108 66l14-8 6 22-20 10zM212 66l-14-8-6 22 20 10z" fill="#ffd7a3"/>`,
  ),
  "heron-bag": scene(
    "A dry bag",
    `${ground}
<ellipse class="shade" cx="160" cy="212" rx="66" ry="10"/>
<path d="M104 84h112l8 108c0 14-28 22-64 22s-64-8-64-22z" fill="#e9b93c"/>
<path d="M160 84h56l8 108c0 14-28 22-64 22z" fill="#d3a12a"/>
<path d="M98 58h124c8 0 8 14 0 14H98c-8 0-8-14 0-14zM102 72h116v14H102z" fill="#2a3b47"/>
<path d="M86 60c-10 8-8 22 6 22M234 60c10 8 8 22-6 22" stroke="#2a3b47" stroke-width="6" fill="none" stroke-linecap="round"/>
<rect x="150" y="50" width="20" height="24" rx="4" fill="#4b6373"/>
<rect x="132" y="112" width="56" height="74" rx="10" fill="#fff6d8" opacity=".55"/>
<path d="M146 172v-26h28v18a8 8 0 0 1-8 8zM174 150h6a6 6 0 0 1 0 12h-6" fill="none" stroke="#8a5a2b" stroke-width="5"/>
<path d="M154 138c-4-6 4-8 0-14M166 138c-4-6 4-8 0-14" fill="none" stroke="#8a5a2b" stroke-width="3" stroke-linecap="round"/>`,
  ),
  "moss-tent": scene(
    "A tent",
    `${ground}
<path d="M30 204 142 62c8-10 28-10 36 0l112 142z" fill="#4f8a52"/>
<path d="M160 54c7 0 14 3 18 8l112 142H160z" fill="#3c6e43"/>
<path d="M160 92 116 204h88z" fill="#22402c"/>
<path d="M160 92c-6 46-24 84-44 112h30c12-30 16-66 14-112z" fill="#f0a94f"/>
<path d="M160 92c6 46 24 84 44 112h-30c-12-30-16-66-14-112z" fill="#f6c27b"/>
<path d="M30 204 12 214M290 204l18 10M160 54V40" stroke="#2a3b47" stroke-width="4" stroke-linecap="round"/>
<path d="M160 40l20 6-20 8z" fill="#f0803c"/>`,
  ),
  "ember-kettle": scene(
    "A kettle over a small fire",
    `${ground}
<ellipse class="shade" cx="160" cy="214" rx="74" ry="9"/>
<path d="M132 212c-10-12 4-18 2-32 12 6 12 14 12 20 6-8 6-22 16-32 4 14 18 22 14 34 4-2 6-6 6-12 10 8 8 18 2 22z" fill="#f0803c"/>
<path d="M146 212c-4-8 4-14 6-22 6 6 14 12 12 22z" fill="#ffd166"/>
<path d="M110 178h100l-6-18H116z" fill="#59656d"/>
<path d="M116 160c0-50 16-92 30-92h28c14 0 30 42 30 92z" fill="#b9c4ca"/>
<path d="M160 68h14c14 0 30 42 30 92h-44z" fill="#93a2aa"/>
<path d="M144 52h32l-4 18h-24z" fill="#59656d"/>
<path d="M190 104c22-14 36-6 42 8l-11 6c-4-9-10-11-20-4z" fill="#93a2aa"/>
<path d="M120 92c-30-2-34 40-8 46" fill="none" stroke="#2a3b47" stroke-width="7" stroke-linecap="round"/>
<path class="steam" d="M152 44c-8-10 8-14 0-26M170 42c-8-8 6-12 0-22" fill="none" stroke-width="4" stroke-linecap="round"/>
<path d="M86 214 142 200M234 214 178 200" stroke="#7a4b22" stroke-width="9" stroke-linecap="round"/>`,
  ),
  "glow-lantern": scene(
    "A lantern that glows",
    `${ground}
<circle class="glow" cx="160" cy="132" r="92"/><circle class="glow" cx="160" cy="132" r="64"/>
<path d="M132 70c0-42 56-42 56 0" fill="none" stroke="#2a3b47" stroke-width="6"/>
<path d="M124 76h72l8 16h-88z" fill="#2a3b47"/>
<rect x="120" y="92" width="80" height="86" rx="8" fill="#ffe6a8"/>
<path d="M160 108c16 18 18 28 18 36a18 18 0 0 1-36 0c0-8 2-18 18-36z" fill="#ffb648"/>
<path d="M160 130c7 8 8 13 8 17a8 8 0 0 1-16 0c0-4 1-9 8-17z" fill="#fff6d8"/>
<path d="M136 92v86M184 92v86" stroke="#2a3b47" stroke-width="5"/>
<path d="M112 178h96l6 26H106z" fill="#2a3b47"/><circle cx="160" cy="191" r="6" fill="#37b3b0"/>`,
  ),
  "north-compass": scene(
    "A compass",
    `${ground}
<ellipse class="shade" cx="160" cy="216" rx="70" ry="8"/>
<circle cx="160" cy="40" r="14" fill="none" stroke="#b98d3a" stroke-width="6"/>
<rect x="150" y="48" width="20" height="16" rx="4" fill="#b98d3a"/>
<circle cx="160" cy="136" r="78" fill="#d9ab4e"/><circle cx="160" cy="136" r="66" fill="#fbf4e2"/>
<circle cx="160" cy="136" r="58" fill="none" stroke="#cdbf9f" stroke-width="2"/>
<path d="M160 74v12M160 186v12M98 136h12M210 136h12" stroke="#2a3b47" stroke-width="4" stroke-linecap="round"/>
<path d="M116 92l6 6M198 174l6 6M116 180l6-6M198 98l6-6" stroke="#a79a7d" stroke-width="3" stroke-linecap="round"/>
<g transform="rotate(28 160 136)"><path d="M160 84l13 52h-26z" fill="#d9482b"/><path d="M160 188l13-52h-26z" fill="#2a3b47"/></g>
<circle cx="160" cy="136" r="7" fill="#d9ab4e"/>`,
  ),
};

/** The valley on the first page; the sky is on the left, where the words are. */
export const river = `<svg class="valley" viewBox="0 0 1200 460" aria-hidden="true" preserveAspectRatio="xMidYMax slice">
<rect class="sky" width="1200" height="460"/><circle class="sun" cx="905" cy="120" r="58"/>
<path class="far" d="M0 300l140-60 110 50 150-90 120 60 90-110 120 60 150-120 170 150 150-60v280H0z"/>
<path class="hill" d="M0 350c120-40 260-44 380-16s220 20 330-30 210-60 310-30 140 30 180 24v162H0z"/>
<path class="water" d="M742 326c-60 6-166 14-126 36 36 20 116 14 44 40-70 24-190 26-230 60h520c0-34-70-44-30-66 30-18 20-34-50-44-90-14-106-18-128-26z"/>
<path class="near" d="M0 388c120-26 260-30 380-10 50 8 70 20 40 38-24 14-60 26-70 44H0zM1200 330c-130-16-240 0-320 30-56 22-40 38 0 54 26 12 30 26 20 46h300z"/>
<path class="water2" d="M700 346c30 4 40 8 30 14M520 436c50-12 90-12 130 0M740 416c40-8 70-6 100 4M610 380c26-6 50-6 70 0" fill="none" stroke-width="5" stroke-linecap="round"/>
<g class="trees"><path d="M976 350l24-80 24 80zM984 318l16-64 16 64zM1040 356l28-96 28 96zM1050 318l18-74 18 74zM1112 352l20-66 20 66zM1118 324l14-54 14 54zM40 412l18-58 18 58zM84 420l22-74 22 74zM92 390l14-56 14 56zM264 412l14-46 14 46z"/></g>
<g transform="translate(628 392)"><path d="M0 0c22 12 118 12 140 0-8 34-132 34-140 0z" fill="#b5532a"/><path d="M0 0c22 12 118 12 140 0-12 20-128 20-140 0z" fill="#f0a94f"/><path d="M56 10c0-26 4-36 16-36s16 10 16 36z" fill="#d9482b"/><circle cx="72" cy="-36" r="10" fill="#f3c9a0"/><path d="M62-39c2-14 20-14 20 0z" fill="#2a3b47"/><path d="M44-44 108 26" stroke="#7a4b22" stroke-width="4" stroke-linecap="round"/><path d="M104 18l16 18-6 4-14-18z" fill="#c98a45"/></g>
</svg>`;
