from fer_explain.ui.texts.en import TEXTS
