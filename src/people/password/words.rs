//! Words of three to five letters that a child of five can read, none of which stands for another: 256, a byte each.

pub const SHORT: [&str; 256] = [
    "ant", "bag", "bat", "bed", "bee", "bell", "belt", "bib", "bike", "bin", "bird", "boat", "book", "boot", "bowl", "box",
    "brick", "bun", "bus", "bush", "cab", "cake", "calf", "camp", "can", "cap", "car", "card", "cart", "cat", "chair", "chin",
    "clap", "clay", "clip", "clock", "cloud", "club", "coat", "coin", "comb", "cook", "cord", "corn", "cot", "cow", "crab",
    "crop", "crow", "cub", "cup", "day", "deep", "deer", "den", "desk", "dig", "dish", "dog", "doll", "door", "dot", "dove",
    "down", "drum", "duck", "ear", "east", "egg", "elf", "eye", "face", "fan", "farm", "fast", "fern", "fin", "fish", "five",
    "flag", "flat", "fly", "foam", "fog", "foot", "fork", "fox", "frog", "fruit", "fun", "game", "gate", "gift", "glass", "glow",
    "glue", "goat", "gold", "good", "grape", "grass", "green", "hall", "hand", "hat", "hay", "hen", "hill", "hive", "hop",
    "horn", "house", "hug", "ice", "ink", "jam", "jar", "jet", "jog", "jug", "jump", "key", "king", "kit", "kite", "lake",
    "lamb", "lamp", "land", "leaf", "leg", "lid", "lime", "lion", "lips", "log", "look", "loop", "map", "mat", "milk", "mint",
    "mix", "moon", "moss", "moth", "mud", "mug", "nail", "name", "neck", "nest", "net", "nine", "nod", "nose", "note", "nut",
    "oak", "oil", "one", "open", "oven", "owl", "pad", "page", "paint", "pan", "park", "path", "pea", "peg", "pen", "pet", "pie",
    "pig", "pin", "pink", "plan", "plum", "pond", "pop", "pot", "pram", "purse", "rain", "rat", "red", "rice", "ring", "road",
    "rock", "roof", "room", "rope", "rose", "rug", "run", "sack", "sail", "salt", "sand", "seal", "seed", "shed", "ship", "shop",
    "silk", "sing", "six", "sky", "sled", "slide", "snail", "snow", "soap", "sock", "song", "soup", "spoon", "spot", "star",
    "step", "stone", "sun", "swan", "swim", "tail", "tall", "tap", "tea", "ten", "tent", "tin", "toe", "top", "tow", "toy",
    "train", "tray", "tree", "tub", "tug", "two", "van", "vet", "walk", "wall", "wave", "wax", "web", "west", "wet", "wheel",
    "wig", "wind",
];
