"""The voice files that dialerd manages: what a file must be, its formats, its folder. Knows neither store nor calls."""
