"""x"""
NAME = "about"
def build(page): pass
